"""`lissom runs` over runs of every kind, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lissom.config import to_dict
from lissom.tasks.scene.settings import SceneTrainConfig
from training.test_damaged import RECORD, write_run

FACTS = {"class_names": ["a"], "class_ids": [1], "colours": [[0, 0, 0]], "window": 1, "in_channels": 2, "bands": 2}


def write_scene(path: Path) -> None:
    write_run(path)
    record = RECORD | {"task": "scene", "test": {"oa": 0.75}, "facts": FACTS | {"wavelengths_nm": None}}
    (path / "run.json").write_text(json.dumps(record | {"status": "training"}))
    (path / "config.yaml").write_text(yaml.safe_dump(to_dict(SceneTrainConfig())))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("c", "a"):
        write_run(tmp_path / "runs" / name)
    write_scene(tmp_path / "runs" / "b")
    (write_run(tmp_path / "runs" / "odd") / "run.json").write_text("{")
    return tmp_path


@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["table", "json"])
def test_runs_are_listed_without_torch(flags: list[str], place: Path) -> None:
    code = "import sys\nfrom lissom.cli.main import run\nassert run(sys.argv[1:]) == 0\n"
    code += "print(sorted({'torch', 'sklearn', 'matplotlib', 'pandas'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code, "runs", *flags], cwd=place, check=True, capture_output=True, text=True
    )
    *listed, loaded = done.stdout.splitlines()
    assert loaded == "[]"
    if flags:
        rows = {row["run"]: row for row in json.loads("\n".join(listed))}
        assert list(rows) == ["a", "b", "c", "odd"]
        assert [rows[name]["test"] for name in rows] == [50, 75, 50, None]
        assert rows["b"]["status"] == "interrupted"
        assert "run.json" in rows["odd"]["status"]
    else:
        assert [line.split()[0] for line in listed[2:6]] == ["a", "b", "c", "odd"]

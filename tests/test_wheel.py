"""The wheel works outside the clone, and its demo keeps what it promises."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import forked

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content alone in a folder, as pip would unpack it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("lissom-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_messages_types_and_licence(site: Path) -> None:
    names = {file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()}
    assert {"lissom/py.typed", "lissom/messages/en/cli.toml", "lissom/messages/zh/cli.toml"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests", "benchmarks")) for name in names)


SHORTER = """
from dataclasses import replace
from lissom.tasks.classify import demo
first, _, second, third = (replace(network, epochs=2) for network in demo.NETWORKS)
demo.NETWORKS = first, replace(second, model="mobilenetv2"), third  # of a quarter of the pixels
measured = demo.latency
demo.latency = lambda calls, **_: measured(calls, repeats=5)
"""


@pytest.mark.parametrize(("shorter", "reached"), [
    pytest.param(SHORTER, 0.2, id="short"), pytest.param("", 0.95, id="whole", marks=pytest.mark.slow),
])  # fmt: skip
def test_the_demo_runs_from_the_wheel(site: Path, tmp_path: Path, shorter: str, reached: float) -> None:
    environment = os.environ | {"PYTHONPATH": str(site), "LISSOM_CACHE": str(tmp_path / "cache"), "PYTHONSAFEPATH": "1"}
    code = "import lissom, sys; assert lissom.__file__.startswith(sys.argv.pop(1))\n" + shorter
    code += "from lissom.__main__ import main; main()"
    command = [sys.executable, "-c", code, str(site), "demo"]
    done = forked.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    runs = [json.loads(file.read_text()) for file in (tmp_path / "runs").glob("*/run.json")]
    assert len(runs) >= 3
    assert len({run["network"] for run in runs}) == len(runs)
    assert len({run["network"].split("_")[0] for run in runs}) >= 3
    for run in runs:
        assert run["test"]["top1"] >= reached, run["network"]
        assert run["test"]["images"] == 359  # a fifth of 1,797
        assert sum(run["data"]["sizes"].values()) == 1797
    difference = re.search(r"largest output difference ([\d.e+-]+)", done.stdout)
    assert difference
    assert float(difference[1]) < 1e-3
    assert "Pareto" in done.stdout
    assert (tmp_path / "runs" / "report.html").stat().st_size > 50_000
    assert len(list((tmp_path / "runs").glob("*/model.onnx"))) == 1
    assert len(re.findall(r"^  lissom ", done.stdout, re.MULTILINE)) == 3

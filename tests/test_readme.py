"""Every command and snippet of both READMEs runs, in their order, in a folder that looks like a reader's."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import forked
from photos import make_photos

ROOT = Path(__file__).parents[1]
READMES = ["README.md", "README.zh-CN.md"]
MAKE = {"make demo": "test_wheel.py runs the demo", "make test": "these are the tests"}


def blocks(readme: str) -> list[tuple[str, str]]:
    """(language, text) of each fenced block, in order."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def ran_as_typed(language: str, command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """By the shell what loads no torch; the others, which import for long, in forks."""
    if command.startswith(("lissom models", "lissom check-data")):
        return subprocess.run(command, shell=True, **options)
    words = ["-m", *shlex.split(command)] if language == "sh" else ["-c", command]
    return forked.run([sys.executable, *words], **options)


def test_every_block_runs(tmp_path: Path) -> None:
    """Those of the English one; the next test says that the Chinese one has the same."""
    make_photos(tmp_path / "photos", per_class=16, classes=("zero", "one"))
    (tmp_path / "photos" / "zero").rename(tmp_path / "photos" / "cat")
    (tmp_path / "photos" / "one").rename(tmp_path / "photos" / "dog")
    environment = os.environ | {
        "LISSOM_CACHE": str(tmp_path / "cache"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    ran = 0
    for language, text in blocks("README.md"):
        for command in text.splitlines() if language == "sh" else [text]:
            if command in MAKE:
                continue
            done = ran_as_typed(language, command, cwd=tmp_path, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, f"{command}\n{done.stderr}"
            ran += 1
    assert ran >= 9
    assert (tmp_path / "runs" / "first" / "report.html").exists()
    assert (tmp_path / "cats.onnx").exists()
    assert (tmp_path / "map.png").exists()
    assert (tmp_path / "map_uncertainty.png").exists()


def test_both_readmes_show_the_same_commands() -> None:
    assert blocks("README.md") == blocks("README.zh-CN.md")


@pytest.mark.parametrize("command", MAKE)
def test_make_knows_the_commands(command: str) -> None:
    planned = subprocess.run([*command.split(), "-n"], cwd=ROOT, capture_output=True, text=True)
    assert planned.returncode == 0, planned.stderr
    expected = {"make demo": "lissom demo", "make test": "pytest"}[command]
    assert expected in planned.stdout


@pytest.mark.parametrize("readme", READMES)
def test_files_that_it_points_to_are_there(readme: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / readme).read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []

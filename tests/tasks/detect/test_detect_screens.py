"""What is printed about boxes, and the demo, shortened."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lissom.cli.main import run
from lissom.cli.screens import detect as screen
from lissom.tasks.detect import demo, prepare, recipes

ROWS: list[dict[str, Any]] = [
    {"file": "a.jpg", "boxes": [{"label": "cat", "score": 0.75, "box": [1, 2, 30.5, 40]}], "error": None},
    {"file": "b.jpg", "boxes": [], "error": "broken"},
]


def test_boxes_are_lines_and_broken_files_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    screen.predictions(ROWS, "csv")
    out = capsys.readouterr()
    assert out.out == "file,label,score,left,top,right,bottom\na.jpg,cat,0.75,1,2,30.5,40\n"
    assert out.err == "lissom: broken\n"
    screen.predictions(ROWS, "table")
    assert "cat" in capsys.readouterr().out
    screen.predictions(ROWS, "json")
    assert json.loads(capsys.readouterr().out) == ROWS
    screen.predictions([{**ROWS[0], "boxes": []}], "table")
    assert "No boxes in 1 image" in capsys.readouterr().out
    screen.predictions([{**ROWS[0], "boxes": []}], "csv")
    assert capsys.readouterr().out == "file,label,score,left,top,right,bottom\n"


def test_the_demo_s_plan_trains_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--task", "detect", "--dry-run", "--runs-dir", str(tmp_path / "runs")]) == 0
    assert "synthetic shapes" in capsys.readouterr().out
    assert not (tmp_path / "runs").exists()


def test_the_demo_says_that_its_pictures_are_synthetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LISSOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(prepare, "SHAPES", {"train": 12, "val": 3, "test": 4, "side": 64, "classes": 2})
    whole = recipes.shapes

    def short(**where: Any) -> Any:
        config = whole(**where)
        small = replace(config.model, width=0.25, options={"neck_channels": 16})
        return replace(config, model=small, engine=replace(config.engine, epochs=1, batch_size=6))

    monkeypatch.setattr(demo, "shapes", short)
    assert run(["demo", "--task", "detect", "--runs-dir", str(tmp_path / "runs"), "--threads", "1"]) == 0
    out = capsys.readouterr().out
    assert "4 synthetic test images" in out
    assert "say nothing about photos" in out
    assert "ONNX Runtime gives the same boxes and scores" in out
    (made,) = (tmp_path / "runs").iterdir()
    assert {"report.html", "model.onnx", "targets.png"} <= {file.name for file in made.iterdir()}
    assert run(["evaluate", str(made), "--split", "val", "--threads", "1"]) == 0
    out = capsys.readouterr().out
    assert "mAP50-95" in out
    assert "too optimistic" in out

"""The way of a training through the house: from `train` down to `fit`, and seldom up again."""

import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import lissom
from photos import make_photos

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "lissom"
SETTINGS: dict[str, Any] = {"epochs": 1, "threads": 1, "name": "run"}


def levels() -> dict[str, int]:
    """Room -> its line in the house, 0 the highest, as import-linter holds it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    lines = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return {room.strip(" ()"): level for level, line in enumerate(lines) for room in line.split("|")}


@cache
def room_of(file: str) -> str | None:
    path = Path(file)
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py") if path.is_relative_to(PACKAGE) else None


@pytest.mark.parametrize("task", ["classify", "scene"])
def test_calls_seldom_go_up_from_train_to_fit(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each room that calls one of a higher line counts once for each such room."""
    known, up, reached = levels(), set(), []
    make_photos(tmp_path / "photos", per_class=10)
    monkeypatch.setenv("LISSOM_CACHE", str(tmp_path / "cache"))
    data = {"data": tmp_path / "photos", "model": "mobilenetv1_cifar", "width": 0.25, "batch_size": 8}
    settings = data if task == "classify" else {"model": "cnn1d"}

    def look(frame: Any, event: str, argument: Any) -> None:
        if event != "call" or reached or frame.f_back is None:
            return
        caller, called = (room_of(each.f_code.co_filename) for each in (frame.f_back, frame))
        if frame.f_code.co_name == "fit" and called == "engine":
            reached.append(called)
        if caller in known and called in known and known[called] < known[caller]:
            up.add(f"{caller} -> {called}")

    sys.setprofile(look)
    try:
        lissom.train(task, **settings, **SETTINGS, runs_dir=tmp_path / "runs")
    finally:
        sys.setprofile(None)
    assert reached
    assert {"engine -> training", "training -> tasks"} <= up  # a process begins the life, which asks the record
    assert len(up) <= 6, sorted(up)  # and hooks that count, an owner who is asked, data that reads what the task names

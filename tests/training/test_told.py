"""What page, card and comparison say of a run: its own figures, each at its name."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lissom
from lissom.config import EngineConfig, ModelConfig
from lissom.report.page import Page
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.training.compare import by_intervals
from lissom.training.pages import add_end, card_of, cost_of
from lissom.training.run import Run, open_run, write_results
from training.test_run import RECORD, begun

SETTINGS = ClassifyTrainConfig(model=ModelConfig(width=0.5), engine=EngineConfig(epochs=7))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    folder = begun(tmp_path, SETTINGS)
    write_results(folder, {"epochs": 7, "best_epoch": 3, "train_seconds": 12.5})
    return open_run(folder)


def test_each_cost_stands_at_its_name(run: Run) -> None:
    assert list(cost_of(run).values()) == ["7", "9", "7", "3", "12.5 s"]
    card = card_of(run, metrics=[])
    assert (card.parameters, card.macs, card.resolution, card.in_channels) == (7, 9, 32, 3)
    assert card.sizes == {"train": 3, "val": 2, "test": 1}


def test_settings_that_differ_come_first_and_all_are_folded(run: Run) -> None:
    html = add_end(Page("x", lang="en"), run).html()
    shown, folded = html.split("<details", 1)
    assert [name in shown for name in ("model.width", "engine.epochs", "optim.lr")] == [True, True, False]
    assert all(name in folded for name in ("model.width", "engine.epochs", "optim.lr"))


def test_a_comparison_shows_what_differs_and_judges_no_unfinished_run(run: Run, tmp_path: Path) -> None:
    other = begun(tmp_path / "other", replace(SETTINGS, model=ModelConfig(width=0.25)))
    found = lissom.compare([run, other])
    assert found["settings"] == {"model.width": [0.5, 0.25]}
    assert [figures["macs"] for figures in found["figures"]] == [9, 9]
    (said,) = found["verdicts"]
    assert "not finished" in said


def judged(name: str, low: float, high: float, **data: Any) -> Any:
    task = SimpleNamespace(metric="top1")
    record = replace(RECORD, data=replace(RECORD.data, **data), intervals={"top1": [low, high]})
    return SimpleNamespace(name=name, task=task, record=record)


@pytest.mark.parametrize(("second", "said"), [
    (judged("b", 0.1, 0.3),                                        "a is significantly better than b"),
    (judged("b", 0.8, 0.9),                                        "b is significantly better than a"),
    (judged("b", 0.6, 0.9),                                        "No significant"),
    (judged("b", 0.1, 0.3, digest="other"),                        "different data"),
    (judged("b", 0.1, 0.3, sizes={"train": 3, "val": 1, "test": 2}), "different data"),
])  # fmt: skip
def test_intervals_decide_on_the_same_data_alone(second: Any, said: str) -> None:
    assert said in by_intervals(judged("a", 0.5, 0.7), second)

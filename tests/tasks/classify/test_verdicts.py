"""Which of two runs a sentence calls better: the one that has more right alone, or whose interval lies above."""

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lissom.stats.mcnemar import mcnemar
from lissom.tasks.classify import compare as photos
from lissom.tasks.classify import demo
from lissom.tasks.scene import compare as scenes
from lissom.training.compare import by_intervals

FIRST = np.arange(100) < 90
SECOND = FIRST & (np.arange(100) >= 40)  # forty fewer


def run(name: str, low: float = 0.0, high: float = 1.0, digest: str = "d") -> Any:
    data = SimpleNamespace(digest=digest, sizes={"test": 9})
    record = SimpleNamespace(data=data, intervals={"top1": [low, high]})
    return SimpleNamespace(name=name, task=SimpleNamespace(metric="top1"), record=record)


@pytest.mark.parametrize("room", [photos, scenes])
def test_the_one_that_has_more_right_alone_is_better(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = photos.photo_verdict if room is photos else scenes.scene_verdict
    for right, better, worse in (((FIRST, SECOND), "left", "right"), ((SECOND, FIRST), "right", "left")):
        found = mcnemar(*right)
        monkeypatch.setattr(photos, "compare_images", lambda a, b, found=found: found)
        monkeypatch.setattr(scenes, "compare_pixels", lambda a, b, found=found: scenes.Compared(found, None, None))
        said = verdict(run("left"), run("right"))
        assert re.match(rf"{better} is .*better than {worse}\b", said)
        assert "40" in said


@pytest.mark.parametrize("room", [photos, scenes])
def test_nine_against_three_are_tied(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """p is 0.15."""
    verdict = photos.photo_verdict if room is photos else scenes.scene_verdict
    found = mcnemar(np.arange(100) >= 3, np.arange(100) < 91)
    assert (found.only_first, found.only_second) == (9, 3)
    monkeypatch.setattr(photos, "compare_images", lambda a, b: found)
    monkeypatch.setattr(scenes, "compare_pixels", lambda a, b: scenes.Compared(found, None, None))
    assert "better than" not in verdict(run("left"), run("right"))


def test_the_one_whose_interval_lies_above_is_better() -> None:
    low, high, between = run("low", 0.1, 0.3), run("high", 0.5, 0.7), run("between", 0.2, 0.6)
    assert re.match(r"high is .*better than low\b", by_intervals(low, high))
    assert re.match(r"high is .*better than low\b", by_intervals(high, low))
    for other in (low, high):
        assert "better than" not in by_intervals(between, other)
    assert "better than" not in by_intervals(low, run("elsewhere", 0.5, 0.7, digest="e"))


def test_the_demo_takes_the_most_accurate_and_of_equals_the_cheapest() -> None:
    rows = [{"accuracy": a, "macs": m} for a, m in ((0.8, 1), (0.9, 30), (0.9, 20), (0.9, 40), (0.7, 5))]
    assert demo._best(rows) == 2

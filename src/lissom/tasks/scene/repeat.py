"""Several trainings on one scene: which seeds each has, and the table that papers print of them."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lissom.messages import text
from lissom.runs.folder import read_json
from lissom.tasks.scene.measure import leak_note
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.tasks.scene.table import SceneTable, published_table
from lissom.tasks.scene.unused import is_drawn
from lissom.training.figures import EVALUATION
from lissom.training.run import Run

SCORES = ("oa", "aa", "kappa", "seconds")


def varied(config: SceneTrainConfig, setting: str) -> SceneTrainConfig:
    """Where splits stand side by side, blocks and guard band are those of the disjoint one."""
    if setting != "split" or config.scene.split == "disjoint":
        return config
    return replace(config, scene=replace(config.scene, block=None, guard=None))


def again(config: SceneTrainConfig, k: int) -> SceneTrainConfig:
    """Run k: the split and the weights are drawn anew, where either is drawn."""
    split, weights = (k * drawn for drawn in is_drawn(config))
    scene = replace(config.scene, split_seed=config.scene.split_seed + split)
    return replace(config, scene=scene, engine=replace(config.engine, seed=config.engine.seed + weights))


def summary(trained: Sequence[Run]) -> dict[str, Any]:
    """Mean and sample standard deviation (None of a single run) of each score, shares from 0 to 1, times in seconds."""
    row: dict[str, Any] = {
        "runs": len(trained),
        "split": text(trained[0].config.scene.tested_by),
        "leak": statistics.fmean(run.test["leak"] for run in trained),
    }
    scores = {score: [run.test[score] for run in trained] for score in SCORES}
    scores["train_seconds"] = [run.record.train_seconds for run in trained]
    for score, known in scores.items():
        values = [value for value in known if value is not None]
        row[score] = statistics.fmean(values) if values else None
        row[f"{score}_std"] = statistics.stdev(values) if len(values) > 1 else None
    return {**row, "note": str(leak_note(row["leak"]))}


def table(methods: Mapping[str, Sequence[Run]]) -> SceneTable:
    """The published layout."""
    return published_table({label: [_evaluation(run) for run in trained] for label, trained in methods.items()})


def _evaluation(run: Run) -> dict[str, Any]:
    """Its own, which has the scores of each class."""
    return read_json(run.path / EVALUATION)

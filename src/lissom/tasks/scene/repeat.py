"""Several trainings on one scene: with other seeds, or at both kinds of split."""

import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lissom.atomic import write_atomic
from lissom.errors import UsageError
from lissom.events import Listener, Stop
from lissom.messages import text
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.tasks.scene.table import published_table
from lissom.training.life import train
from lissom.training.run import Run, open_run
from lissom.training.task import Place

SCORES = ("oa", "aa", "kappa", "train_seconds", "seconds")


def repeat(
    config: SceneTrainConfig, place: Place, listener: Listener, stop: Stop | None, *, runs: int
) -> dict[str, Any]:
    """Trains `runs` times; run k draws split and weights with the settings' seeds plus k.

    Returns `title`, `runs` (folders), `rows` (one, with mean and deviation of each score), `table` (the published
    layout as text) and `summary`: `NAME-summary.txt`, `.csv` and `.tex` in `runs_dir` hold that table.
    Raises: as `train`.
    """
    stem = place.name or config.model.model
    trained = [_trained(config, k, runs, place, listener, stop) for k in range(runs)]
    row = summary(trained) | {"split": text(f"scene_runs.{config.scene.split}")}
    where = Path(place.runs_dir) / f"{stem}-summary"
    return _found(text("scene_runs.runs-title", runs=runs), {stem: trained}, [row], where)


def compare_splits(
    config: SceneTrainConfig, place: Place, listener: Listener, stop: Stop | None, *, runs: int = 1
) -> dict[str, Any]:
    """The same as `repeat` at a random and at a disjoint split of equal size, one after the other."""
    if config.scene.split == "maps":
        raise UsageError("scene-splits-of-maps")
    stem, methods, rows = place.name or config.model.model, {}, []
    for kind in ("random", "disjoint"):
        chosen = replace(config, scene=replace(config.scene, split=kind))
        named = place._replace(name=f"{place.name}-{kind}" if place.name else None)
        trained = [_trained(chosen, k, runs, named, listener, stop) for k in range(runs)]
        methods[text(f"scene_runs.{kind}")] = trained
        rows.append({"split": text(f"scene_runs.{kind}"), **summary(trained)})
    return _found(text("scene_runs.splits-title"), methods, rows, Path(place.runs_dir) / f"{stem}-splits")


def _trained(config: SceneTrainConfig, k: int, runs: int, place: Place, listener: Listener, stop: Stop | None) -> Run:
    """Run number k of `runs`."""
    drawn = replace(
        config,
        scene=replace(config.scene, split_seed=config.scene.split_seed + k),
        engine=replace(config.engine, seed=config.engine.seed + k),
    )
    named = place if place.name is None or runs == 1 else place._replace(name=f"{place.name}-{k + 1}")
    return open_run(train(drawn, named, listener, stop))


def summary(trained: Sequence[Run]) -> dict[str, Any]:
    """Mean and sample standard deviation (None of a single run) of each score, shares from 0 to 1, times in seconds."""
    row: dict[str, Any] = {"runs": len(trained), "leak": statistics.fmean(run.test["leak"] for run in trained)}
    for score in SCORES:
        values = [run.test[score] for run in trained if run.test[score] is not None]
        row[score] = statistics.fmean(values) if values else None
        row[f"{score}_std"] = statistics.stdev(values) if len(values) > 1 else None
    return row


def _found(title: str, methods: dict[str, list[Run]], rows: list[dict[str, Any]], stem: Path) -> dict[str, Any]:
    table = published_table({name: [run.test for run in trained] for name, trained in methods.items()})
    for ending, content in ((".txt", table.to_text()), (".csv", table.to_csv()), (".tex", table.to_latex())):
        write_atomic(stem.with_name(stem.name + ending), content)  # a name may hold points
    folders = [str(run.path) for trained in methods.values() for run in trained]
    return {"title": title, "runs": folders, "rows": rows, "table": table.to_text(), "summary": f"{stem}.txt"}

"""Finished runs against one another: their settings, figures, and a sentence on each pair."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from lissom.config import to_dict
from lissom.errors import UsageError
from lissom.messages import text
from lissom.training.listing import figures
from lissom.training.run import Run, open_run


def compare(run_folders: Sequence[Path | str]) -> dict[str, Any]:
    """How runs differ: `settings` (only those that differ), `figures` (cost, accuracy with its interval), `verdicts`.

    A verdict is a sentence on two runs, as their task compares them; it makes none for different test sets.
    """
    if len(run_folders) < 2:
        raise UsageError("compare-needs-two", got=len(run_folders))
    opened = [open_run(path) for path in run_folders]
    flat = [_settings(run) for run in opened]
    names = dict.fromkeys(key for each in flat for key in each)  # a task has settings that another has not
    lined = {name: [each.get(name) for each in flat] for name in names}
    settings = {name: values for name, values in lined.items() if any(value != values[0] for value in values)}
    return {
        "runs": [run.name for run in opened],
        "settings": settings,
        "figures": [{**figures(run), "interval_95": _interval(run), **_others(run, opened)} for run in opened],
        "verdicts": [_verdict(a, b) for a, b in combinations(opened, 2)],
    }


def _settings(run: Run) -> dict[str, Any]:
    """By section and name, and what was done to the network beside them."""
    flat = {f"{s}.{k}": v for s, vs in to_dict(run.config).items() for k, v in vs.items()}
    return {**flat, "changes": list(run.record.changes)}


def _interval(run: Run) -> str | None:
    if run.task.metric not in run.record.intervals:
        return None
    low, high = run.record.intervals[run.task.metric]
    return f"{100 * low:.1f}-{100 * high:.1f}"


def _others(run: Run, compared: Sequence[Run]) -> dict[str, float | None]:
    """Times 100, by their names; those of all the tasks, so that the rows have the same columns."""
    values = {name: run.test.get(name) for each in compared for name in each.task.compared}
    return {name: None if value is None else round(100 * value, 2) for name, value in values.items()}


def _verdict(a: Run, b: Run) -> str:
    names = {"a": a.name, "b": b.name}
    if not a.test or not b.test:
        return text("verbs.compare-unfinished", **names)
    if a.task is not b.task:
        return text("verbs.compare-other-data", **names)
    return (a.task.compare or by_intervals)(a, b)


def by_intervals(a: Run, b: Run) -> str:
    """Which is better, in a sentence, by whether the 95 % intervals of their metric are apart: where their task has no
    finer test.

    None is called better where the test data is another, or no interval is known.
    """
    names: dict[str, Any] = {"a": a.name, "b": b.name}
    metric = a.task.metric
    first, second = a.record.data, b.record.data
    if (first.digest, first.sizes) != (second.digest, second.sizes):
        return text("verbs.compare-other-data", **names)
    if metric not in a.record.intervals or metric not in b.record.intervals:
        return text("verbs.compare-tied", **names)
    (a_low, a_high), (b_low, b_high) = a.record.intervals[metric], b.record.intervals[metric]
    if a_low > b_high:
        return text("verbs.compare-better", better=a.name, worse=b.name)
    if b_low > a_high:
        return text("verbs.compare-better", better=b.name, worse=a.name)
    return text("verbs.compare-tied", **names)

"""`lissom runs` and `lissom compare`: many runs side by side."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from lissom.config import to_dict
from lissom.errors import LissomError, UsageError, near
from lissom.messages import text
from lissom.runs import folder
from lissom.training.compare import by_intervals
from lissom.training.run import Run, open_run

COLUMNS = ("run", "network", "data", "parameters", "macs", "val_top1", "test_top1", "epochs", "status")


def list_runs(runs_dir: Path | str = "runs", *, sort: str = "run") -> list[dict[str, Any]]:
    """One row per run folder with the columns `COLUMNS`; accuracies in percent, by the metric of each task.

    A folder that cannot be read is a row too: its status says why. Rows without a value in `sort` come last.
    """
    if sort not in COLUMNS:
        raise UsageError("column-unknown", got=sort, near=near(sort, COLUMNS))
    rows = [_row(path) for path in folder.list_runs(runs_dir)]
    known, unknown = [r for r in rows if r[sort] is not None], [r for r in rows if r[sort] is None]
    return sorted(known, key=lambda row: row[sort]) + unknown


def _row(path: Path) -> dict[str, Any]:
    try:
        run = open_run(path)
    except LissomError as error:
        return {**dict.fromkeys(COLUMNS), "run": path.name, "status": str(error)}
    return _figures(run)


def _figures(run: Run) -> dict[str, Any]:
    record = run.record
    return {
        "run": run.name,
        "network": record.network,
        "data": record.data.source,
        "parameters": record.parameters,
        "macs": record.macs,
        "val_top1": _percent(max(_known(run), default=None)),
        "test_top1": _percent(run.test.get(run.task.metric)),
        "epochs": len(run.history),
        "status": run.state,
    }


def _known(run: Run) -> list[float]:
    """The metric of each epoch, where something chose by it."""
    values = [row[run.task.metric] for row in run.history]
    return [value for value in values if value == value]


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)


def compare(run_folders: Sequence[Path | str]) -> dict[str, Any]:
    """How runs differ: `settings` (only those that differ), `figures` (cost, accuracy with its interval), `verdicts`.

    A verdict is a sentence on two runs, as their task compares them; it makes none for different test sets.
    """
    if len(run_folders) < 2:
        raise UsageError("compare-needs-two", got=len(run_folders))
    opened = [open_run(path) for path in run_folders]
    flat = [{f"{s}.{k}": v for s, vs in to_dict(run.config).items() for k, v in vs.items()} for run in opened]
    names = dict.fromkeys(key for each in flat for key in each)  # a task has settings that another has not
    lined = {name: [each.get(name) for each in flat] for name in names}
    settings = {name: values for name, values in lined.items() if any(value != values[0] for value in values)}
    return {
        "runs": [run.name for run in opened],
        "settings": settings,
        "figures": [{**_figures(run), "interval_95": _interval(run)} for run in opened],
        "verdicts": [_verdict(a, b) for a, b in combinations(opened, 2)],
    }


def _interval(run: Run) -> str | None:
    if not run.test:
        return None
    interval = run.test.get(f"{run.task.metric}_interval_95")
    if interval is None:
        return None
    low, high = interval
    return f"{100 * low:.1f}-{100 * high:.1f}"


def _verdict(a: Run, b: Run) -> str:
    names = {"a": a.name, "b": b.name}
    if not a.test or not b.test:
        return text("verbs.compare-unfinished", **names)
    if a.task is not b.task:
        return text("verbs.compare-other-data", **names)
    return (a.task.compare or by_intervals)(a, b)

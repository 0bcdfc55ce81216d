"""The runs of a folder in a table."""

from pathlib import Path
from typing import Any

from lissom.errors import LissomError, UsageError, near
from lissom.runs import folder
from lissom.training.run import Run, open_run

COLUMNS = ("run", "network", "data", "parameters", "macs", "metric", "val", "test", "epochs", "status")


def list_runs(runs_dir: Path | str = "runs", *, sort: str = "run") -> list[dict[str, Any]]:
    """One row per run folder with the columns `COLUMNS`.

    `val` and `test` are in percent, of the `metric` of the row, that of its task: `top1`, or `oa` of a scene.

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
    return figures(run)


def figures(run: Run) -> dict[str, Any]:
    """The row of one run."""
    record = run.record
    return {
        "run": run.name,
        "network": record.network,
        "data": record.data.source,
        "parameters": record.parameters,
        "macs": record.macs,
        "metric": run.task.metric,
        "val": _percent(_chosen(run)),
        "test": _percent(run.test.get(run.task.metric)),
        "epochs": len(run.history),
        "status": run.state,
    }


def _chosen(run: Run) -> float | None:
    """The metric of the epoch that was chosen; while it trains, the highest so far; None where nothing chooses."""
    if run.record.best_metric is not None or run.status == "finished":
        return run.record.best_metric
    values = [row.get(run.task.metric) for row in run.history]
    return max((value for value in values if value is not None), default=None)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)

"""`lissom runs` and `lissom compare`: many runs side by side."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from lissom.config import to_dict
from lissom.errors import LissomError, UsageError, near
from lissom.messages import text
from lissom.runs import folder
from lissom.runs.folder import Run, open_run
from lissom.tasks.scene.compare import scene_verdict

COLUMNS = ("run", "network", "data", "parameters", "macs", "val_top1", "test_top1", "epochs", "status")


def list_runs(runs_dir: Path | str = "runs", *, sort: str = "run") -> list[dict[str, Any]]:
    """One row per run folder with the columns `COLUMNS`; accuracies in percent, those of a scene being its OA.

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
    data = run.data
    percent = {key: None if value is None else round(100 * value, 2) for key, value in _accuracies(run).items()}
    return {
        "run": run.name,
        "network": data["network"],
        "data": data["data"]["source"],
        "parameters": data["parameters"],
        "macs": data["macs"],
        **percent,
        "epochs": len(run.history),
        "status": run.status,
    }


def _accuracies(run: Run) -> dict[str, float | None]:
    name = _accuracy(run)
    known = [row[name] for row in run.history if row[name] == row[name]]  # not a number: no pixels to choose by
    return {"val_top1": max(known, default=None), "test_top1": run.data.get("test", {}).get(name)}


def _accuracy(run: Run) -> str:
    """The share of test images, or of test pixels, that are right."""
    return "oa" if run.data.get("task") == "scene" else "top1"


def compare(run_folders: Sequence[Path | str]) -> dict[str, Any]:
    """How runs differ: `settings` (only those that differ), `figures` (cost, accuracy with its interval), `verdicts`.

    A verdict says for two runs whether their 95 % intervals are apart, or for two on the same pixels of a scene what
    McNemar's test says of them; it makes none for different test sets.
    """
    if len(run_folders) < 2:
        raise UsageError("compare-needs-two", got=len(run_folders))
    opened = [open_run(path) for path in run_folders]
    flat = [{f"{s}.{k}": v for s, vs in to_dict(run.config).items() for k, v in vs.items()} for run in opened]
    names = dict.fromkeys(key for each in flat for key in each)  # a scene has settings that photos have not
    lined = {name: [each.get(name) for each in flat] for name in names}
    settings = {name: values for name, values in lined.items() if any(value != values[0] for value in values)}
    return {
        "runs": [run.name for run in opened],
        "settings": settings,
        "figures": [{**_figures(run), "interval_95": _interval(run)} for run in opened],
        "verdicts": [_verdict(a, b) for a, b in combinations(opened, 2)],
    }


def _interval(run: Run) -> str | None:
    if "test" not in run.data:
        return None
    low, high = run.data["test"][f"{_accuracy(run)}_interval_95"]
    return f"{100 * low:.1f}-{100 * high:.1f}"


def _verdict(a: Run, b: Run) -> str:
    names = {"a": a.name, "b": b.name}
    if "test" not in a.data or "test" not in b.data:
        return text("verbs.compare-unfinished", **names)
    if a.data.get("task") == b.data.get("task") == "scene":
        return scene_verdict(a, b)
    same = all(a.data["data"][key] == b.data["data"][key] for key in ("digest", "test"))
    same = same and a.data.get("task") == b.data.get("task")
    if not same or a.config.data.split_seed != b.config.data.split_seed:
        return text("verbs.compare-other-data", **names)
    (a_low, a_high), (b_low, b_high) = a.data["test"]["top1_interval_95"], b.data["test"]["top1_interval_95"]
    if a_low > b_high:
        return text("verbs.compare-better", better=a.name, worse=b.name)
    if b_low > a_high:
        return text("verbs.compare-better", better=b.name, worse=a.name)
    return text("verbs.compare-tied", **names)

"""`lissom demo`: a first result in about a minute, with nothing downloaded."""

from pathlib import Path
from typing import Any

from lissom.errors import UsageError
from lissom.events import Listener, silent
from lissom.training.registry import find_task


def demo(
    task: str = "classify",
    *,
    runs_dir: Path | str = "runs",
    device: str = "auto",
    threads: int | None = None,
    listener: Listener = silent,
) -> dict[str, Any]:
    """Trains some networks of the task on data that is at hand and compares them; `listener` hears which and how.

    Returns `rows`, a line for each, `best_run`, `seconds`, and the files that were written, by what they are.
    Raises: UsageError for an unknown task.
    """
    shown = find_task(task).demo
    if shown is None:
        raise UsageError("verb-not-for-task", verb="demo", task=task)
    return shown(runs_dir=runs_dir, device=device, threads=threads, listener=listener)

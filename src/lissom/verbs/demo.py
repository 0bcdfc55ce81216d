"""`lissom demo`: a first result in about a minute, with nothing downloaded."""

from pathlib import Path
from typing import Any

from lissom.errors import UsageError
from lissom.events import Listener, silent
from lissom.training.registry import find_task, first_task


def demo(
    task: str | None = None,
    *,
    runs_dir: Path | str = "runs",
    device: str = "auto",
    threads: int | None = None,
    listener: Listener = silent,
) -> dict[str, Any]:
    """Trains some networks of the task on data that is at hand and compares them; `listener` hears which and how.

    task: None: the first one, photos.

    Returns `rows`, a line for each, `best_run`, `seconds`, and the files that were written, by what they are.
    Raises: UsageError for an unknown task.
    """
    known = first_task() if task is None else find_task(task)
    if known.demo is None:
        raise UsageError("verb-not-for-task", verb="demo", task=known.name)
    return known.demo(runs_dir=runs_dir, device=device, threads=threads, listener=listener)

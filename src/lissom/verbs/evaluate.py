"""`lissom evaluate`: what a run's best weights reach, on its own test set or on other data."""

from pathlib import Path
from typing import Any

from lissom.device import set_threads
from lissom.events import Listener, silent
from lissom.training.run import open_run


def evaluate(
    run_folder: Path | str,
    data: Path | str | None = None,
    *,
    batch_size: int = 256,
    device: str = "auto",
    threads: int | None = None,
    write: bool = True,
    listener: Listener = silent,
) -> dict[str, Any]:
    """Measures a run's best weights on its test set, or on all of `data`.

    Returns figures by name, as the task has them: `top1` or `oa` with its interval, scores of each class, the confusion
    matrix. write: tables and pictures go to the run's folder, or to `evaluations/NAME` in it for other data.
    Raises: DataError for data that cannot be read or does not fit the run.
    """
    set_threads(threads)
    run = open_run(run_folder)
    other = None if data is None else str(data)
    return run.task.evaluate(run, other, batch_size=batch_size, device=device, write=write, listener=listener)

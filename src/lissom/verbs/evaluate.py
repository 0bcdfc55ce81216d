"""`lissom evaluate`: what a run's best weights reach, on its own test set or on other data."""

from pathlib import Path
from typing import Any

from lissom.device import set_threads
from lissom.events import Listener, Stop, silent
from lissom.training import evaluate as training
from lissom.training.run import open_run
from lissom.training.task import Where


def evaluate(
    run_folder: Path | str,
    data: Path | str | None = None,
    *,
    file: Path | str | None = None,
    batch_size: int = 256,
    device: str = "auto",
    threads: int | None = None,
    write: bool = True,
    listener: Listener = silent,
    stop: Stop | None = None,
) -> dict[str, Any]:
    """Measures a run's best weights on its test set, or on all of `data`.

    file: what `export` made of the run answers in its place. Returns figures by name, as the task has them: `top1` or
    `oa` with its interval, scores of each class, the confusion matrix. write: tables and pictures go to the run's
    folder, or to `evaluations/NAME` in it for other data or a file.
    Raises: DataError for data that cannot be read, does not fit the run, or has changed since the training.
    """
    set_threads(threads)
    how = {"batch_size": batch_size, "where": Where(device, threads), "write": write, "listener": listener}
    other = None if data is None else str(data)
    return training.evaluate(open_run(run_folder), other, file=file, stop=stop, **how).to_dict()

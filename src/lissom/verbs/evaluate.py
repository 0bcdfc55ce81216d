"""`lissom evaluate`: what a run's best weights, or published ones, reach on its own test set or on other data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lissom.config import require_count
from lissom.device import set_threads
from lissom.errors import UsageError
from lissom.events import Listener, Stop, silent
from lissom.training import evaluate as training
from lissom.training.data import given_paths
from lissom.training.opened import open_for_data
from lissom.training.task import Where


def evaluate(
    model: Path | str,
    data: Path | str | None = None,
    *,
    file: Path | str | None = None,
    weights: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    batch_size: int | None = None,
    output: Path | str | None = None,
    device: str = "auto",
    threads: int | None = None,
    write: bool = True,
    listener: Listener = silent,
    stop: Stop | None = None,
    **paths: Any,
) -> dict[str, Any]:
    """Measures a run's best weights on its test set, or on `data`; or a network by its name with `weights` on `data`.

    data, and `paths`, the settings of the task that say where its data is, as `cube` and `ground_truth` of a scene: the
    run's own data in another place, of which the test part is measured, or other data, of which all is; `data` in what
    is returned says which: "own", "moved" or "other". file: what `export` made of the run answers in its place.
    weights, options: of a network, as in `predict`. batch_size: None: 256, where the task has such.
    Returns figures by name, as the task has them: `top1` or `oa` with its interval, scores of each class, the confusion
    matrix. write: tables and pictures go to `output`, else to the run's folder, or to `evaluations/NAME` in it for
    other data or a file.
    Raises: DataError for data that cannot be read, does not fit the run, or has changed since the training.
    """
    set_threads(threads)
    require_count("batch_size", batch_size)
    opened, chosen = open_for_data(model, weights, options)
    where, folder = Where(device, threads), None if output is None else Path(output)
    how: Any = {"batch_size": batch_size, "where": where, "write": write, "output": folder, "listener": listener}
    others = given_paths(opened.task, data, paths)
    if opened.run is None and not others:
        raise UsageError("evaluate-what", model=model)
    return training.evaluate(opened, others, file=file, options=chosen, stop=stop, **how).to_dict()

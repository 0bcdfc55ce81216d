"""What a run's best weights reach, written once for all tasks."""

from pathlib import Path
from typing import Any

from lissom.errors import DataError, UsageError
from lissom.events import Listener, Stop
from lissom.training.figures import Figures
from lissom.training.opened import Opened, open_model
from lissom.training.run import Run
from lissom.training.task import Data, Where

EVALUATIONS = "evaluations"  # in the run folder: a folder for each other data


def evaluate(
    run: Run,
    data: str | None,
    *,
    file: Path | str | None,
    batch_size: int,
    where: Where,
    write: bool,
    listener: Listener,
    stop: Stop | None,
) -> Figures:
    """Measures the best weights, or the portable `file` made of them, on the run's test data or on all of `data`.

    Tables and pictures go to the run's folder, or for other data, or a file, to one below it.
    Raises: DataError when the run's data has changed since, or other data does not fit; UsageError for a task that
    measures its own data alone.
    """
    opened = _answering(run, file)
    held = own_data(run, listener) if data is None else _foreign(opened, data, listener)
    predictor = run.task.predictor(opened, run.task.options(), where)
    folder = _folder(run, data, file) if write else None
    return run.task.measure(predictor, held, "test", folder=folder, batch_size=batch_size, listener=listener, stop=stop)


def own_data(run: Run, listener: Listener) -> Data:
    """The data of the training. Raises: DataError when it is not what it was: what trained might be measured."""
    data = run.task.load(run.config, listener, run)
    if data.used.digest != run.record.data.digest:
        raise DataError("run-data-changed", run=run.path, data=data.used.source)
    return data


def _answering(run: Run, file: Path | str | None) -> Opened:
    if file is None:
        return Opened.of_run(run)
    opened = open_model(file)
    if opened.file is None:
        raise DataError("deploy-no-file", path=file)
    if opened.task is not run.task or opened.facts != run.facts:
        raise DataError("deploy-other-run", path=file, run=run.path)
    return opened


def _foreign(opened: Opened, data: str, listener: Listener) -> Any:
    if opened.task.foreign is None:
        raise UsageError("evaluate-own-data", task=opened.task.name, got=data)
    return opened.task.foreign(opened, data, listener)


def _folder(run: Run, data: str | None, file: Path | str | None) -> Path:
    of = "-".join(Path(part).stem for part in (data, file) if part)
    return run.path / EVALUATIONS / of if of else run.path

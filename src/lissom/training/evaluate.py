"""What a run's best weights reach, written once for all tasks."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from lissom.errors import DataError, UsageError
from lissom.events import Listener, Stop, note
from lissom.runs.folder import file_digest
from lissom.training.figures import Figures
from lissom.training.opened import Opened, exportable, open_file
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
    opened = _answering(run, file, where.threads)
    held = own_data(run, listener) if data is None else _foreign(opened, data, listener)
    predictor = run.task.predictor(opened, run.task.options(), where)
    folder = _folder(run, data, file) if write else None
    return run.task.measure(predictor, held, "test", folder=folder, batch_size=batch_size, listener=listener, stop=stop)


def own_data(run: Run, listener: Listener) -> Data:
    """The data of the training. Raises: DataError when it is not what it was: what trained might be measured."""
    data = run.task.load(run.config, listener, run)
    now, then = data.used, run.record.data
    if (now.digest, now.parts, now.sizes) != (then.digest, then.parts, then.sizes):
        raise DataError("run-data-changed", run=run.path, data=now.source)
    return data


def _answering(run: Run, file: Path | str | None, threads: int | None) -> Opened:
    """The run, or its file in the place of its network."""
    if file is None:
        return Opened.of_run(run)
    exportable(run)
    if Path(file).is_dir():
        raise DataError("deploy-not-onnx", path=file, reason=note("scene_predict.is-folder"))
    opened = open_file(Path(file), threads=threads, task=run.task)
    if opened.file is None or opened.file.weights != file_digest(run.best) or opened.facts != run.facts:
        raise DataError("deploy-other-run", path=file, run=run.path)
    return replace(opened, run=run)


def _foreign(opened: Opened, data: str, listener: Listener) -> Any:
    if opened.task.foreign is None:
        raise UsageError("evaluate-own-data", task=opened.task.name, got=data)
    return opened.task.foreign(opened, data, listener)


def _folder(run: Run, data: str | None, file: Path | str | None) -> Path:
    """The run's own, or one below it that is named for the other data and the file."""
    of = "-".join(Path(part).expanduser().resolve().name for part in (data, file) if part)
    return run.path / EVALUATIONS / of if of else run.path

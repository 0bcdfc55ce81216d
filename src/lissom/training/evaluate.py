"""What a run's best weights reach, or a network with weights, written once for all tasks."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lissom.config import require_count
from lissom.device import set_threads
from lissom.errors import DataError, DataMissing, UsageError
from lissom.events import Listener, Note, Stop, note, silent
from lissom.runs.folder import file_digest, make_folder
from lissom.runs.owner import owned
from lissom.training.data import (
    Paths,
    content_at,
    copies,
    each_path,
    given_paths,
    given_reading,
    is_own,
    own_data,
    read_as_trained,
)
from lissom.training.figures import Figures
from lissom.training.opened import Opened, exportable, open_file, open_for_data
from lissom.training.run import Run
from lissom.training.task import Where

SPLITS = ("test", "val", "train")
EVALUATIONS = "evaluations"  # in the run folder: a folder for each other data


def evaluate(
    model: Path | str,
    data: Path | str | None = None,
    *,
    file: Path | str | None = None,
    weights: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    split: str = "test",
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
    run's own data, moved, of which the test part is measured, or other data, of which all is; `data` in what
    is returned says which: "own", "moved" or "other". Of other data `paths` may also say how its files are read, as
    `scale` of a scene; else it is read as the run's. file: what `export` made of the run is measured instead of it.
    weights, options: of a network, as in `predict`. split: "test", "val" or "train", of the run's own data.
    batch_size: None: 256, where the task has such.
    Returns figures by name, as the task has them: `top1` or `oa` with its interval, scores of each class, the confusion
    matrix. write: tables and pictures go to `output`, else to the run's folder, or to `evaluations/NAME` in it for
    other data or a file.
    Raises: DataError for data that cannot be read, does not fit the run, or has changed since the training; UsageError
    for a way to read that is given with the run's own data.
    """
    set_threads(threads)
    require_count("batch_size", batch_size)
    opened, chosen = open_for_data(model, weights, options)
    where, folder = Where(device, threads), None if output is None else Path(output)
    if split not in SPLITS:
        raise UsageError("setting-out-of-range", name="split", got=split, expected=", ".join(SPLITS))
    how: Any = {
        "split": split,
        "batch_size": batch_size,
        "where": where,
        "write": write,
        "output": folder,
        "listener": listener,
    }
    others = given_paths(opened.task, data, paths)
    if opened.run is None and not others:
        raise UsageError("evaluate-what", model=model)
    if opened.run is None and file is not None:
        raise UsageError("file-without-run", model=model, file=file)
    how["reading"] = given_reading(opened.task, paths)
    return measured(opened, others, file=file, options=chosen, stop=stop, **how).to_dict()


def measured(
    opened: Opened,
    paths: Paths,
    *,
    reading: Mapping[str, Any],
    file: Path | str | None,
    options: Any,
    split: str,
    batch_size: int | None,
    where: Where,
    write: bool,
    output: Path | None,
    listener: Listener,
    stop: Stop | None,
) -> Figures:
    """Measures the best weights of a run, or the portable `file` made of them, or a network with weights.

    paths: where the data is, by the settings of the task that say so. None: the run's test data. The content of the
    training: the run's data has moved, and its test part is measured. Other content: all of it. `details["data"]` is
    "own", "moved" or "other". reading: how other data is read, where not as the run's. Tables and pictures go to
    `output`, else to the run's folder, or for other data, or a file, to one below it.
    Raises: DataError when the run's data has changed since, or other data does not fit; UsageError for a task that
    measures its own data alone.
    """
    run, task = opened.run, opened.task
    answering = _answering(run, file, where.threads) if run else opened
    content = _content(run, {**paths, **reading}, listener) if run and paths else {}
    which = "other" if run is None else "own" if not paths else "moved" if is_own(run, content) else "other"
    if reading and which != "other":
        raise read_as_trained(task, reading)
    if split != "test" and which == "other":
        raise UsageError("evaluate-split-other", got=split, data=", ".join(each_path(paths)))
    if which == "other":
        held: Any = foreign_data(answering, paths, listener, reading)
    else:
        assert run
        held = own_data(run, listener, paths)
    notes = _notes(run, which, paths, content)
    if split != "test":
        notes = (*notes, note("verbs.split-seen", split=split))
    folder = _folder(run, paths if which == "other" else {}, file, output, split) if write else None
    with _written(run, folder):
        if folder is not None:
            make_folder(folder)
        predictor = task.predictor(answering, options or task.options(), where)
        found = task.measure(predictor, held, split, folder=folder, batch_size=batch_size, listener=listener, stop=stop)
        figures = replace(found, details={**found.details, "data": which}, notes=(*notes, *found.notes))
        figures.write()
    return figures


def _content(run: Run, paths: Paths, listener: Listener) -> Mapping[str, str]:
    """Digests of the run's data with those parts at `paths`; nothing where a part of it is no longer there, or cannot
    be read as the run's, so that it cannot be the run's own."""
    try:
        return content_at(run, paths, listener)
    except DataMissing:
        return {}
    except DataError:
        if not run.task.reading:  # a broken file among others: its name is what counts
            raise
        return {}


def _answering(run: Run, file: Path | str | None, threads: int | None) -> Opened:
    """The run, or its file instead of its network."""
    if file is None:
        return Opened.of_run(run)
    exportable(run)
    if Path(file).is_dir():
        raise DataError("deploy-not-onnx", path=file, reason=note("scene_predict.is-folder"))
    opened = open_file(Path(file), threads=threads, task=run.task)
    if opened.file is None or opened.file.weights != file_digest(run.best) or opened.facts != run.facts:
        raise DataError("deploy-other-run", path=file, run=run.path)
    return replace(opened, run=run)


def foreign_data(opened: Opened, paths: Paths, listener: Listener, reading: Mapping[str, Any] | None = None) -> Any:
    """Other data as the opened sees its own. Raises: UsageError for a task that has none."""
    if opened.task.foreign is None:
        raise UsageError("evaluate-own-data", task=opened.task.name, got=", ".join(each_path(paths)))
    return opened.task.foreign(opened, {**paths, **(reading or {})}, listener)


def _notes(run: Run | None, which: str, paths: Paths, content: Mapping[str, str]) -> tuple[Note, ...]:
    """Which data it was, where some was given, and how much of other data the run has seen."""
    if run is None or not paths:
        return ()
    data = ", ".join(each_path(paths))
    if which == "moved":
        return (note("verbs.data-moved", data=data),)
    seen = copies(run, content)
    told = note("verbs.data-other", data=data)
    return (told, note("verbs.data-copies", seen=seen, items=len(content))) if seen else (told,)


@contextlib.contextmanager
def _written(run: Run | None, folder: Path | None) -> Iterator[None]:
    """Whoever writes into a run folder owns it. Raises: MachineError when another process does."""
    if run is None or folder is None or run.path.resolve() not in (folder.resolve(), *folder.resolve().parents):
        yield
        return
    with owned(run.path):
        yield


def _folder(run: Run | None, paths: Paths, file: Path | str | None, output: Path | None, split: str) -> Path | None:
    """What is asked for; else the run's own, or one below it that is named for the other data, the file and the
    part."""
    if output is not None or run is None:
        return output
    of = "-".join(Path(part).expanduser().resolve().name for part in (*each_path(paths), file) if part)
    of = "-".join(part for part in (of, "" if split == "test" else split) if part)
    return run.path / EVALUATIONS / of if of else run.path

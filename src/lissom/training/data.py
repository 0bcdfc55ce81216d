"""The data of a run, proven by its content to be that of the training before its splits are used."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lissom.config import to_dict, updated_flat
from lissom.errors import DataError, DataMissing, UsageError
from lissom.events import Listener, note
from lissom.training.run import Run, items_digest
from lissom.training.task import Data, Task

NAMED = 3  # items of each kind that an error names

Paths = Mapping[str, str | tuple[str, ...]]
"""Where the data is, by the settings of the task that say so; several paths where a setting has several."""


def each_path(paths: Paths) -> list[str]:
    """All of them, in order."""
    return [path for given in paths.values() for path in _several(given)]


def _several(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, list | tuple) else (given,)


def given_paths(task: Task, data: Any, others: Mapping[str, Any]) -> Paths:
    """Paths given by the user: `data` for the first setting of the task that names data, the others by their own names.

    Raises: UsageError for a setting that the task does not have, or that is given twice.
    """
    given = {name: _as_text(path) for name, path in others.items() if path is not None and name not in task.reading}
    for name in given:
        if name not in task.paths:
            known = ", ".join(task.paths) or "-"
            raise UsageError("data-setting-unknown", got=name, task=task.name, known=known)
    if data is None:
        return given
    if not task.paths:
        raise UsageError("evaluate-own-data", task=task.name, got=data)
    if task.paths[0] in given:
        raise UsageError("data-given-twice", first=data, name=task.paths[0], second=given[task.paths[0]])
    return {task.paths[0]: _as_text(data), **given}


def given_reading(task: Task, others: Mapping[str, Any]) -> dict[str, Any]:
    """What is given of how other data is read."""
    return {name: others[name] for name in task.reading if others.get(name) is not None}


def read_as_trained(task: Task, reading: Mapping[str, Any]) -> UsageError:
    """The error for a way to read that is given with the run's own data."""
    name, got = next(iter(reading.items()))
    flags = ", ".join(_flag(path) for path in task.paths)
    return UsageError("evaluate-reading-own", name=_flag(name), got=got, paths=flags)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _as_text(path: Any) -> str | tuple[str, ...]:
    return tuple(map(os.fspath, path)) if isinstance(path, list | tuple) else os.fspath(path)


def with_paths(run: Run, paths: Paths) -> Run:
    """The run with its data at other paths; nothing is proven yet."""
    return replace(run, config=whole_paths(run.task, updated_flat(run.config, dict(paths)))) if paths else run


def whole_paths(task: Task, config: Any) -> Any:
    """The settings with paths to the data that hold in every working folder; names of known data stay."""
    values = {name: value for section in vars(config).values() for name, value in vars(section).items()}
    found = {}
    for name in task.paths:
        if values[name]:
            whole = tuple(_whole(path, task.data_names) for path in _several(values[name]))
            found[name] = whole if isinstance(values[name], tuple) else whole[0]
    return updated_flat(config, found)


def _whole(path: str, names: tuple[str, ...]) -> str:
    there = path not in names and Path(path).expanduser().exists()
    return os.path.abspath(os.path.expanduser(path)) if there else path


def asked_settings(task: Task, config: Any) -> dict[str, Any]:
    """Sections of settings as they were given, by which the same command is known again in another folder."""
    return to_dict(whole_paths(task, config))


def content_at(run: Run, paths: Paths, listener: Listener) -> Mapping[str, str]:
    """The digests of the items at `paths`. Raises: DataError for what cannot be read, UsageError for a task without."""
    return _content(with_paths(run, paths), listener)


def is_own(run: Run, content: Mapping[str, str]) -> bool:
    """Whether it is the content of the data of the training."""
    return items_digest(content) == run.record.data.digest


def require_own(run: Run, paths: Paths, listener: Listener) -> None:
    """Raises: DataError, as `own_data`, unless the content of the data at `paths` is that of the training."""
    if not is_own(run, now := content_at(run, paths, listener)):
        raise _changed(with_paths(run, paths), now)


def own_data(run: Run, listener: Listener, paths: Paths | None = None) -> Data:
    """The data of the training, at `paths` where it was moved.

    Raises: DataError when it is not what it was, and names what was added, removed or changed: what trained might be
    measured.
    """
    run, then = with_paths(run, paths or {}), run.record.data
    try:
        data = run.task.load(run.config, listener, run)
    except DataMissing:
        raise
    except DataError:  # it may be that it has changed
        if run.task.content and not is_own(run, now := _content(run, listener)):
            raise _changed(run, now) from None
        raise
    if data.used.digest != then.digest:
        raise _changed(run, {name: item.digest for name, item in data.items.items()})
    if (data.used.parts, data.used.sizes) != (then.parts, then.sizes):
        raise DataError("run-split-changed", run=run.path, data=data.used.source)
    return data


def copies(run: Run, content: Mapping[str, str]) -> int:
    """How many of the items trained the run or chose its weights, byte for byte."""
    seen = {item.digest for item in run.items.values() if item.part in ("train", "val")}
    return sum(digest in seen for digest in content.values())


def _content(run: Run, listener: Listener) -> Mapping[str, str]:
    if run.task.content is None:
        raise UsageError("evaluate-own-data", task=run.task.name, got="-")
    return run.task.content(run.config, listener)


def _changed(run: Run, now: Mapping[str, str]) -> DataError:
    then = {name: item.digest for name, item in run.items.items()}
    kinds = {
        "added": [name for name in now if name not in then],
        "removed": [name for name in then if name not in now],
        "changed": [name for name in now if name in then and now[name] != then[name]],
    }
    told = "; ".join(str(note(f"verbs.items-{kind}", names=_some(names))) for kind, names in kinds.items() if names)
    source = ", ".join(str(value) for value in _sources(run))
    return DataError("run-data-changed", run=run.path, data=source, changes=told or "-")


def _sources(run: Run) -> list[Any]:
    values = {name: value for section in vars(run.config).values() for name, value in vars(section).items()}
    found = {name: values[name] for name in run.task.paths if values.get(name)}
    return each_path(found) or [run.record.data.source]


def _some(names: list[str]) -> str:
    more = f", + {len(names) - NAMED}" if len(names) > NAMED else ""
    return ", ".join(sorted(names)[:NAMED]) + more

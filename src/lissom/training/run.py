"""A run folder that knows its task: settings and facts with types, made and opened."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lissom.config import to_dict, updated
from lissom.errors import DataError, UsageError
from lissom.events import Note
from lissom.plain import plain, short
from lissom.runs import folder
from lissom.runs.environment import Environment, environment
from lissom.runs.owner import is_owned
from lissom.runs.typed import typed
from lissom.training.registry import TASKS, find_task, is_outside
from lissom.training.task import RunTarget, Task


@dataclass(frozen=True, kw_only=True)
class DataUsed:
    """The data that a run was made with, and how it was split."""

    source: str
    """As the settings name it."""
    digest: str
    parts: str = ""
    """Digest of which items are in which part."""
    sizes: dict[str, int]
    """Items that `train`, that choose the best epoch (`val`), and that are measured once, at the end (`test`)."""
    split: Note | None = None
    """Where the parts come from."""
    warnings: tuple[Note, ...] = ()
    """What the split could not do."""
    notes: tuple[Note, ...] = ()
    """What was learned from it beside the weights."""


class Item(NamedTuple):
    """A file of the data, or whatever else it is made of."""

    digest: str
    """Of its content."""
    part: str = ""
    """"train", "val" or "test"; "" where it is in none, or in several."""


def items_digest(items: Mapping[str, Item] | Mapping[str, str]) -> str:
    """Of all items by name, or of their digests: equal wherever the same items lie."""
    pairs = sorted((name, item if isinstance(item, str) else item.digest) for name, item in items.items())
    return hashlib.sha256(repr(pairs).encode()).hexdigest()[:32]


def parts_digest(*parts: Any) -> str:
    """Of NumPy arrays that say which items train, choose and test: indices or masks."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(f"{part.dtype} {part.shape}".encode())
        sha.update(part.tobytes())
    return sha.hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class InitialWeights:
    """Where the weights are from that a run began with."""

    file: str
    notes: tuple[Note, ...] = ()
    """Whatever is not as in the file."""
    checkpoint: str | None = None
    """In the catalogue."""
    licence: str | None = None
    style: str | None = None
    """Whose names the file has."""
    digest: str = ""
    """Of the network's tensors as it begins, which stand in the run folder until it is finished."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """run.json beside the facts of the task."""

    status: Literal["training", "finished", "failed"]
    """"training" until all is written, then "finished"; "failed" where an error ended it, which `reason` says."""
    reason: Note | None = None
    network: str
    """Its label."""
    parameters: int | None
    """None: not a network."""
    macs: int | None
    """Of one input, as it is really used."""
    data: DataUsed
    weights: InitialWeights | None = None
    """The weights that the run began with; None: random ones."""
    epochs: int | None = None
    """Epochs trained."""
    best_epoch: int | None = None
    """The epoch whose weights are kept, from 1."""
    best_metric: float | None = None
    """The task's metric of that epoch, on what chose it; None: nothing chose."""
    train_seconds: float | None = None
    """Of training alone, without evaluations."""
    changes: tuple[dict[str, Any], ...] = ()
    """What was done to the network beside its settings, as `changes.find_change` reads it."""
    test: dict[str, float | int | None] = field(default_factory=dict)
    """Figures of the test set: metric to number; empty until it was read."""
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Low and high of those figures that have a 95 % interval."""
    notes: tuple[Note, ...] = ()
    """What must be known to read the figures."""
    asked: dict[str, Any] | None = None
    """The settings as they were given, before any default was resolved; None: of a run made before they were kept."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run folder that has been read."""

    path: Path
    task: Task
    config: Any
    """Of the type `task.config`."""
    facts: Any
    """Of the type `task.facts`."""
    record: Record
    history: list[dict[str, Any]]
    """One row for each finished epoch."""
    environment: Environment | None
    """Machine and software; None: env.json is not there."""

    def __fspath__(self) -> str:  # a run stands for its folder wherever a path is asked for
        return str(self.path)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def status(self) -> str:
        return self.record.status

    @property
    def state(self) -> str:
        """The status that is shown: "training" only while a process of this machine writes, else "interrupted"."""
        return "interrupted" if self.status == "training" and not is_owned(self.path) else self.status

    @property
    def test(self) -> dict[str, Any]:
        """Figures of the test set: metric to number; empty until it was read."""
        return self.record.test

    @property
    def best(self) -> Path:
        return self.path / folder.BEST

    @property
    def last(self) -> Path:
        return self.path / folder.LAST

    @property
    def checkpoints(self) -> Path:
        return self.path / folder.CHECKPOINTS

    @property
    def items(self) -> dict[str, Item]:
        """What the data was made of when the run began. Raises: DataError where that is missing or damaged."""
        path = self.path / folder.ITEMS
        found = folder.read_json(path)
        for name, item in found.items():
            if not isinstance(item, list) or [type(value) for value in item] != [str, str]:
                raise DataError("run-file-damaged", path=path, reason=f"{name}: {item!r} is not a digest and a part")
        return {name: Item(*item) for name, item in found.items()}


def open_run(path: Path | str) -> Run:
    """Reads a run folder.

    Raises: DataError when it is none, when another version of lissom wrote it, or when a file in it is damaged or has
    a setting that this version does not know.
    """
    path = Path(path)
    stored = folder.read_run(path)
    file = path / folder.RECORD
    name = stored.record.get("task")
    if not isinstance(name, str) or (name not in TASKS and not is_outside(name)):
        raise DataError("run-file-damaged", path=file, reason=f"task is {short(name)}, not one of {', '.join(TASKS)}")
    task = find_task(name)
    return Run(
        path=path,
        task=task,
        config=_config(task, stored.config, path / folder.CONFIG),
        facts=typed(task.facts, stored.record.get("facts"), file=file),
        record=typed(Record, stored.record, file=file),
        history=stored.history,
        environment=_environment(path / folder.ENVIRONMENT),
    )


def _environment(file: Path) -> Environment | None:
    return typed(Environment, folder.read_json(file), file=file) if os.path.lexists(file) else None


def _config(task: Task, values: dict[str, Any], file: Path) -> Any:
    try:
        return updated(task.config(), values, where=str(file))
    except UsageError as error:
        raise DataError("run-file-damaged", path=file, reason=str(error).rstrip(".")) from error


def begin(
    target: RunTarget,
    stem: str,
    *,
    config: Any,
    facts: Any,
    record: Record,
    items: Mapping[str, Item] | None = None,
    fill: Callable[[Path], None] = lambda path: None,
) -> Path:
    """Makes a run folder with all that is known before training: settings, facts, machine, what the data is made of,
    what `fill` writes, and run.json. Raises: as `create`."""
    found = {**environment(), "seed": config.engine.seed, "data_digest": record.data.digest}

    def fill_all(path: Path) -> None:
        folder.write_config(path, to_dict(config))
        folder.write_json(path / folder.ENVIRONMENT, found)
        folder.write_rows(path / folder.ITEMS, items or {})
        fill(path)
        folder.write_record(path, {"task": type(config).TASK, **plain(record), "facts": plain(facts)})

    return folder.create(target.runs_dir, target.name or stem, fill_all, dated=target.name is None)


def write_results(path: Path, results: Mapping[str, Any]) -> None:
    """Lays fields of the `Record` that are known now over those in the folder."""
    assert results.keys() <= Record.__dataclass_fields__.keys(), f"{sorted(results)}: not fields of the record"
    folder.write_record(path, plain(results))

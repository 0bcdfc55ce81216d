"""The record of a task: all that the rest of the house asks of a kind of work, as one frozen set of functions.

Each task's `task.py` makes one, importing what is heavy inside its functions, so that records cost no torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol


class Place(NamedTuple):
    """Where a new run goes."""

    runs_dir: str
    name: str | None
    """None: made of network, data and time."""


class Facts(Protocol):
    """What is asked of every task's facts; each is a frozen dataclass of plain values and tuples of them."""

    @property
    def class_names(self) -> tuple[str, ...]: ...
    @property
    def in_channels(self) -> int: ...

    @property
    def side(self) -> int:
        """Of the square input, pixels."""
        ...

    @property
    def build_options(self) -> dict[str, Any]:
        """What `models.build` takes from the data, beside the number of classes and channels."""
        ...


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of work."""

    name: str
    """The word typed; run.json holds it."""
    metric: str
    """Key of the figure that chooses the best epoch and that tables show; higher is better, a share from 0 to 1."""
    config: type[Any]
    """Settings of a training: a frozen dataclass of sections that names the task in `TASK`."""
    facts: type[Facts]
    """What a run knows of its data, so that its network and preprocessing are made again without it."""
    options: type[Any]
    """Settings of `predict`."""
    check_options: type[Any]
    """Settings of `check`."""
    plan: Callable[..., dict[str, Any]]
    """(config, place, listener) -> what a training would do, after all checks."""
    train: Callable[..., Path]
    """(config, place, listener, stop) -> the finished run's folder."""
    resume: Callable[..., Path]
    """(run, listener, stop) -> the same run's folder, finished."""
    evaluate: Callable[..., dict[str, Any]]
    """(run, data, *, batch_size, device, write, listener) -> figures by name."""
    predict: Callable[..., list[dict[str, Any]]]
    """(model, inputs, options, *, device, threads, listener, stop) -> a row for each input; the threads are set."""
    check: Callable[..., dict[str, Any]]
    """(path, options, *, picture, listener) -> what the data holds and what is wrong with it."""
    compare: Callable[..., str]
    """(a, b) -> which of two finished runs of this task is better, as a sentence."""
    demo: Callable[..., dict[str, Any]]
    """(*, runs_dir, device, threads, listener) -> the rows and files of a demonstration."""
    demo_networks: Callable[[], list[str]]
    """() -> labels of the networks that `demo` trains."""
    export: Callable[..., dict[str, Any]] | None = None
    """(run, path, listener) -> what was written and how far its answers differ; None: not for this task."""
    repeat: Mapping[str, Callable[..., dict[str, Any]]] | None = None
    """Ways to train several times, by name: (config, *, runs, place, listener, stop) -> runs and their table."""

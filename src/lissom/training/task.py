"""The record of a task: all that the rest of the house asks of a kind of work, as one frozen set of functions.

Each task's `task.py` makes one, naming what is heavy to import as `Later`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from lissom.training.run import DataUsed, InitialWeights


@dataclass(frozen=True)
class Later:
    """The function at `module:name`, imported when it is first called, so that a record costs no torch."""

    spec: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def function(self) -> Callable[..., Any]:
        module, _, name = self.spec.partition(":")
        return getattr(import_module(module), name)


class Place(NamedTuple):
    """Where a new run goes."""

    runs_dir: str
    name: str | None
    """None: made of network, data and time."""


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """Where a verb has no settings of the task's own."""


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


class Data(Protocol):
    """What `load` gives: the task's own, of which the life of a run asks this much."""

    @property
    def name(self) -> str:
        """Short, for the run folder's name."""
        ...

    @property
    def used(self) -> "DataUsed": ...
    @property
    def facts(self) -> Any:
        """Of the type `task.facts`."""
        ...


class Batches(NamedTuple):
    """What trains, and what chooses the best epoch; see `engine.task`."""

    train: Any
    val: Any


class Cost(NamedTuple):
    """Of one input as it is really used; None: not a network."""

    parameters: int | None
    macs: int | None


class Begun(NamedTuple):
    """Weights that a network begins with."""

    about: "InitialWeights"
    """Where they are from, for the run folder."""
    facts: dict[str, Any]
    """Fields of the facts that they change."""


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
    settle: Callable[[Any], Any] = lambda config: config
    """(config) -> the same with every default resolved; what would be ignored is refused."""
    load: Callable[..., Data]
    """(config, listener) -> the data: read, checked and split, once in each process."""
    cost: Callable[..., Cost]
    """(config, facts) -> what the network costs, counted on the meta device; raises where it cannot take the input."""
    by_epochs: Callable[[Any], bool] = lambda _: True
    """(config) -> whether its network is trained epoch by epoch."""
    build: Callable[..., Any]
    """(config, facts) -> the network, with random weights."""
    start: Callable[..., Begun | None] = lambda *_: None
    """(model, config, listener) -> the weights that the settings name, loaded into it; None: they name none."""
    objective: Callable[..., Any]
    """(config, data) -> what is minimised and how it is judged: an `Objective` of the engine."""
    batches: Callable[..., Batches]
    """(config, data, device) -> what the engine iterates."""
    begin: Callable[..., None] = lambda *_: None
    """(folder, config, data, batches) -> writes what belongs into a new run folder beside settings and facts."""
    finish: Callable[..., None]
    """(run, data, listener) -> reads the test data once; writes figures, pictures, page and card."""
    fit_at_once: Callable[..., dict[str, Any]] | None = None
    """(folder, config, data) -> fields of the run's record; for what has no epochs."""
    evaluate: Callable[..., dict[str, Any]]
    """(run, data, *, batch_size, device, write, listener) -> figures by name."""
    predict: Callable[..., list[dict[str, Any]]]
    """(model, inputs, options, *, device, threads, listener, stop) -> a row for each input; the threads are set."""
    compare: Callable[..., str] | None = None
    """(a, b) -> which of two finished runs of this task is better, as a sentence; None: by their intervals."""
    options: type[Any] = NoOptions
    """Settings of `predict`."""
    check: Callable[..., dict[str, Any]] | None = None
    """(path, options, *, picture, listener) -> what the data holds and what is wrong with it."""
    check_options: type[Any] = NoOptions
    """Settings of `check`."""
    demo: Callable[..., dict[str, Any]] | None = None
    """(*, runs_dir, device, threads, listener) -> the rows and files of a demonstration."""
    demo_networks: Callable[[], list[str]] = list
    """() -> labels of the networks that `demo` trains."""
    export: Callable[..., dict[str, Any]] | None = None
    """(run, path, listener) -> what was written and how far its answers differ; None: not for this task."""
    samples: Callable[..., Any] | None = None
    """(run, data, *, most, device, listener) -> `inspection.samples.Samples`; None: no pictures to look inside with."""
    again: Callable[..., Any] | None = None
    """(config, k) -> the settings of run k of several: its seeds; None: the engine's seed plus k."""
    summary: Callable[..., dict[str, Any]] | None = None
    """(runs of one method) -> the row of its scores; None: mean and deviation of the metric."""
    table: Callable[..., Any] | None = None
    """(label -> runs) -> their table, as `several.Table`; None: a row for each method."""

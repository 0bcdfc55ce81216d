"""The record of a task: all that the rest of the house asks of a kind of work, as one frozen set of functions.

Each task's `task.py` makes one, naming what is heavy to import as `Later`.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from lissom.errors import Interrupted
from lissom.events import Note, What
from lissom.training.later import Later as Later

if TYPE_CHECKING:
    from lissom.training.figures import Figures
    from lissom.training.model_files import ModelFiles
    from lissom.training.run import DataUsed, InitialWeights, Item

Arrays = Mapping[str, Any]
"""NumPy arrays by name."""


class RunTarget(NamedTuple):
    """Where a new run goes."""

    runs_dir: str
    name: str | None
    """None: made of network, data and time."""
    asked: dict[str, Any] | None = None
    """The settings before any default was resolved, by which the same command is known again."""


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
    def items(self) -> Mapping[str, "Item"]:
        """What the digest of `used` is of, by name: files, or a cube and its map."""
        ...

    @property
    def facts(self) -> Any:
        """Of the type `task.facts`."""
        ...


class Batches(NamedTuple):
    """What trains, and what chooses the best epoch; see `engine.task`."""

    train: Any
    val: Any


class Fetch(NamedTuple):
    """A file that a training fetches before it begins."""

    address: str
    path: Path
    """Where it will be."""
    megabytes: float | None
    """None: not known before."""


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


class Where(NamedTuple):
    """Where it is computed; the threads are set already, and are told for the commands that are printed."""

    device: str = "auto"
    threads: int | None = None


class Work(Protocol):
    """Some inputs of a prediction that are processed part by part."""

    @property
    def what(self) -> What:
        """What `done` and `total` count."""
        ...

    @property
    def notes(self) -> Sequence[Note]:
        """What the user must know of these inputs and of how they are preprocessed, before they are predicted."""
        ...

    @property
    def remarks(self) -> Sequence[Note]:
        """What was found in these inputs, once all parts are kept."""
        ...

    @property
    def total(self) -> int | None:
        """None: it goes on until it is stopped, which is then its end and no interruption."""
        ...

    @property
    def done(self) -> int:
        """With the part that was handed out last, once it is kept."""
        ...

    def parts(self) -> Generator[tuple[Any, Arrays]]:
        """Each part that is still to be predicted, and its preprocessed arrays; closed after a stop."""
        ...

    def keep(self, part: Any, predictions: Any) -> None:
        """Takes the decoded predictions of a part."""
        ...

    def rows(self) -> list[dict[str, Any]]:
        """What is told of these inputs, once all parts are kept."""
        ...

    def stopped(self) -> Interrupted:
        """The error after a stop, which says how to go on."""
        ...


class Predictor(Protocol):
    """Predicts with the network of a run or with a portable file alike."""

    def work(self, inputs: Sequence[Any]) -> Iterator[Work]:
        """The inputs given by the user: files, folders, arrays. Raises: DataError for what cannot be read."""
        ...

    def preprocess(self, inputs: Any) -> Arrays:
        """Samples as the network takes them, by the names of its inputs; NumPy alone."""
        ...

    def outputs(self, arrays: Arrays) -> Arrays:
        """The raw outputs by name: the one forward pass."""
        ...

    def decode(self, outputs: Arrays) -> Any:
        """Predictions; NumPy alone."""
        ...


@dataclass(frozen=True, kw_only=True)
class Portable:
    """What of a run becomes a file, and when the outputs of the file count as the same."""

    model: Any
    """In eval mode, on the CPU."""
    outputs: tuple[str, ...]
    agree: Callable[[Arrays, Arrays], Any]
    """(file's outputs, network's outputs) -> `deploy.parity.Parity`."""
    steps: Mapping[int, int] = field(default_factory=dict)
    """Axes of the inputs, beside the batch, that may have any size in the file: axis -> what it is a multiple of."""
    translations: Mapping[Any, Any] = field(default_factory=dict)
    """Operators of its own -> the same in ONNX, as torch's exporter takes them."""


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
    weights: Callable[[Any], Any] = lambda config: None
    """(config) -> where the weights are that it begins with; None: random ones. Called once in a training."""
    resolve_defaults: Callable[[Any, Any], Any] = lambda config, weights: config
    """(config, weights) -> the same with every default resolved; what would be ignored is refused."""
    paths: tuple[str, ...] = ()
    """Settings that say where the data is, the one that is always given first."""
    reading: tuple[str, ...] = ()
    """Settings that say how files of data are read, which may be others for other data."""
    data_names: tuple[str, ...] = ()
    """What the first of them may hold instead of a path, even where a file is called so."""
    content: Callable[..., Mapping[str, str]] | None = None
    """(config, listener) -> the digest of each item of the data, by its name, before any is checked or split; None: the
    data cannot be elsewhere."""
    fetches: Callable[[Any, Any], Sequence[Fetch]] = lambda config, weights: ()
    """(config, weights) -> the files that `load` and `start` would fetch; a dry run fetches none of them."""
    load: Callable[..., Data]
    """(config, listener, run) -> the data: read, checked and split, once in each process; run: None, or the one that is
    looked at again, whose own preprocessing holds."""
    decide: Callable[[Any, Any], Any] = lambda config, data: config
    """(config, data) -> the same with what the data decides: what a run computes stands in its folder from the start.
    A setting that this data leaves without effect is refused."""
    inputs: Callable[..., tuple[tuple[int, ...], ...]]
    """(config, facts) -> the shapes of what the network takes, without the batch: what its cost is counted at."""
    by_epochs: Callable[[Any], bool] = lambda _: True
    """(config) -> whether its network is trained epoch by epoch."""
    build: Callable[..., Any]
    """(config, facts) -> the network, with random weights; raises where it cannot take the input."""
    start: Callable[..., Begun] | None = None
    """(model, weights, facts, listener) -> the weights, which are not None, loaded into it."""
    objective: Callable[..., Any]
    """(config, data) -> what is minimised and how it is judged: an `Objective` of the engine."""
    batches: Callable[..., Batches]
    """(config, data, facts, device) -> what the engine iterates."""
    begin: Callable[..., None] = lambda *_: None
    """(folder, config, data, facts, batches) -> writes what belongs into a new run folder beside settings and facts."""
    fit_at_once: Callable[..., tuple[Any, dict[str, Any]]] | None = None
    """(folder, config, data, facts) -> the predictor, instead of a network, and fields of the run's record; for
    what has no epochs."""
    predictor: Callable[..., Predictor]
    """(opened, options, where) -> the predictor."""
    measure: Callable[..., "Figures"]
    """(predictor, data, split, *, folder, batch_size, listener, stop) -> what it reaches on a part of the data; tables
    and pictures go to the folder, None: nowhere."""
    foreign: Callable[..., Any] | None = None
    """(opened, paths, listener) -> other data, as the run sees its own: all of it as the part `test`. paths: by the
    settings that are named in `paths`, and values of those in `reading`. None: a run is evaluated only on its own
    data."""
    proof: Callable[..., Arrays] | None = None
    """(predictor, data, count) -> what `predictor.outputs` takes of so many samples of the part that chose (that which
    trained where none did), drawn by a seed, as many of each class; None: outputs are proven by nothing."""
    portable: Callable[..., Portable] | None = None
    """(opened, options) -> what is exported; None: not for this task."""
    export_options: type[Any] = NoOptions
    """Settings of `export`, which the file keeps."""
    page: Callable[..., Any] | None = None
    """(run, figures) -> a `report.page.Page` of the finished run; None: its figures by name."""
    card: Callable[..., Any] | None = None
    """(run, figures) -> a `report.card.Card`; None: what is known of every run."""
    curves: tuple[str, ...] = ()
    """Metrics of the epochs that are drawn; none: the metric alone."""
    compared: tuple[str, ...] = ()
    """Figures of the test set that a comparison shows beside the metric, shares or numbers from -1 to 1."""
    compare: Callable[..., str] | None = None
    """(a, b) -> which of two finished runs of this task is better, as a sentence; None: by their intervals."""
    options: type[Any] = NoOptions
    """Settings of `predict`."""
    named: Callable[..., Any] | None = None
    """(name of a network, options with its `weights`) -> the run that they are of; None: the predictor takes a name and
    weights itself, or, of networks that the catalogue has for this task, no names at all."""
    check: Callable[..., dict[str, Any]] | None = None
    """(path, options, *, picture, listener) -> what the data holds and what is wrong with it."""
    check_options: type[Any] = NoOptions
    """Settings of `check`."""
    convert: Callable[..., dict[str, Any]] | None = None
    """(source, *, to, output, images, cache_dir, dry_run, listener) -> what was written of the data in another form."""
    demo: Callable[..., dict[str, Any]] | None = None
    """(*, runs_dir, device, threads, listener) -> the rows and files of a demonstration."""
    demo_networks: Callable[[], list[str]] = list
    """() -> labels of the networks that `demo` trains."""
    models: "ModelFiles | None" = None
    """What it does with files that describe a network; None: it knows none."""
    samples: Callable[..., Any] | None = None
    """(run, data, part, *, most, device) -> `inspection.samples.Samples` of a part of the data; None: no pictures to
    look inside with."""
    varied: Callable[[Any, str], Any] = lambda config, setting: config
    """(config, the setting that was varied) -> the same without settings that are for other values of it alone."""
    again: Callable[..., Any] | None = None
    """(config, k) -> the settings of run k of several: its seeds; None: the engine's seed plus k."""
    summary: Callable[..., dict[str, Any]] | None = None
    """(runs of one method) -> the row of its scores; None: mean and standard deviation of the metric."""
    table: Callable[..., Any] | None = None
    """(label -> runs) -> their table, as `several.Table`; None: a row for each method."""

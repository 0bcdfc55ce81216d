"""What long work tells whoever listens, and how it is asked to stop.

Events are plain facts without text, so that they cross process borders and each screen words them itself; of several
processes only the first one tells them. A listener is called by the thread that works, or, with several processes, by
the one that waits for them; what it raises ends the work.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn

from lissom.messages import text
from lissom.plain import short

What = Literal["bytes", "images", "frames", "rows", "pixels"]  # fetched, decoded, of a video, of a cube, classified


@dataclass(frozen=True, kw_only=True)
class Advanced:
    """Work before or after the training of a network is so far."""

    what: What
    done: int
    total: int
    """0 where nobody knows, as for a server that does not tell a file's size."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something to know: a sentence of `messages` and its values, put into the reader's language by `str`."""

    name: str
    """`table.key`."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Notes among them, also as the plain values that a file has of them, are put into words with it."""

    def __str__(self) -> str:
        try:
            return text(self.name, **{key: _read(value) for key, value in self.values.items()})
        except (LookupError, TypeError, ValueError, AttributeError):  # from a file of another version, or a damaged one
            return f"{self.name} {short(dict(self.values))}"


def note(name: str, /, **values: Any) -> Note:
    """The sentence called `table.key` with these values, not yet in any language."""
    return Note(name=name, values=values)


def _read(value: Any) -> Any:
    is_note = isinstance(value, Mapping) and value.keys() == {"name", "values"}
    return Note(**value) if is_note else value


@dataclass(frozen=True, kw_only=True)
class Started:
    """Training begins or goes on."""

    folder: Path
    epochs: int
    steps_per_epoch: int
    epoch: int
    """Finished epochs; more than 0 when the run is resumed."""
    step: int
    """Finished steps of the epoch under way."""
    checkpoint: Path | None
    """The checkpoint that the run goes on from; None: from the beginning."""
    metric: str
    """The task's primary metric."""


@dataclass(frozen=True, kw_only=True)
class CheckpointDamaged:
    """A checkpoint was not what its name says; the one before is tried."""

    path: Path


@dataclass(frozen=True, kw_only=True)
class StepEnded:
    """One step of the optimizer."""

    epoch: int
    """The epoch under way, from 1."""
    step: int
    """Finished steps in it."""


@dataclass(frozen=True, kw_only=True)
class EpochEnded:
    """An epoch was trained, evaluated and saved."""

    row: dict[str, Any]
    """epoch (from 1), step, lr, train_loss, each loss as loss_NAME, seconds, images_per_second, the metrics."""
    best: bool
    """Whether it is the best so far."""


@dataclass(frozen=True, kw_only=True)
class Saved:
    """The training state was saved within an epoch."""

    path: Path


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """Stopping was asked for; the step under way is finished first."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The last epoch is over."""

    stopped: str
    """"done", or "early" when patience ran out."""
    best_epoch: int
    best_metric: float | None


@dataclass(frozen=True, kw_only=True)
class Closed:
    """The last of a training, however it ended: a listener puts the terminal in order."""


Event = Advanced | Note | Started | CheckpointDamaged | StepEnded | EpochEnded | Saved | Stopping | Ended | Closed
Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """The listener that says nothing."""


class Stop:
    """A token by which any thread asks work to stop cleanly: after the step under way, with all saved.

    Once asked it stays so. With several processes it stays in the parent, which passes the wish on.
    """

    def __init__(self) -> None:
        self._asked = False  # no threading.Event: a signal's handler may ask while the thread under it holds the lock

    def ask(self) -> None:
        self._asked = True

    @property
    def asked(self) -> bool:
        return self._asked

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Stop does not travel: in another process nobody could ask this one")

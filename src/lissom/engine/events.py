"""What a training run tells whoever listens: plain facts, no text. Only the first process tells them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
    """The user asked to stop; the step under way is finished first."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The last epoch is over."""

    stopped: str
    """"done", or "early" when patience ran out."""
    best_epoch: int
    best_metric: float | None


@dataclass(frozen=True, kw_only=True)
class Closed:
    """Always the last, however the run ended: a listener puts the terminal in order."""


Event = Started | CheckpointDamaged | StepEnded | EpochEnded | Saved | Stopping | Ended | Closed
Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """The listener that says nothing."""

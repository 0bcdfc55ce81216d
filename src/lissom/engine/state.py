"""Where a training run stands, apart from weights: plain values that go into the checkpoint."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lissom.engine.objective import Losses


@dataclass(kw_only=True)
class TrainingState:
    """All that the loop remembers; `epoch` and `step` count what is finished, and `step` restarts with each epoch."""

    epoch: int = 0
    """Finished epochs, their evaluation included."""
    step: int = 0
    """Finished steps of the epoch that is under way."""
    loss_sums: dict[str, Tensor] = field(default_factory=dict)
    """Sum over this epoch's steps of each loss: scalars, still on the device."""
    observed: dict[str, Tensor | float] = field(default_factory=dict)
    """Sum over this epoch's steps of what the objective counted."""
    samples: Tensor | int = 0
    """Seen in this epoch by all processes; a whole number, and where there are several still on the device."""
    seconds: float = 0.0
    """Time spent training in this epoch, sums over resumes."""
    best_metric: float | None = None
    best_epoch: int = 0
    """Epoch of the best evaluation, counted from 1, the last of equal ones; 0: none yet."""
    improved_epoch: int = 0
    """The last epoch that was better than all before it, for patience."""
    stopped: str = ""
    """How the run ended: "done", "early" (patience), or nothing while it is under way."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """One row for each finished epoch: plain numbers."""

    def to_dict(self) -> dict[str, Any]:
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        sums = {name: _on(torch.device("cpu"), values.pop(name)) for name in ("loss_sums", "observed")}
        values["samples"] = int(self.samples)
        return values | {name: value for name, value in sums.items() if value or name == "loss_sums"}

    @classmethod
    def from_dict(cls, values: dict[str, Any], device: torch.device) -> "TrainingState":
        """Raises: TypeError, ValueError for what `to_dict` never gave."""
        state = cls(**values)
        whole = all(type(value) is int and value >= 0 for value in (state.epoch, state.step, state.best_epoch))
        rows = isinstance(state.history, list) and all(isinstance(row, dict) for row in state.history)
        if not whole or not rows or len(state.history) != state.epoch:
            raise ValueError("epoch, step, best_epoch or history is that of no training")
        state.loss_sums, state.observed = _on(device, state.loss_sums), _on(device, state.observed)
        return state

    def add(self, losses: Losses, samples: Tensor | int) -> None:
        """Adds one step's losses and counts, and the samples that it saw."""
        self.samples = self.samples + _exact(samples)
        _add(self.loss_sums, losses.terms)
        _add(self.observed, losses.observed)

    def end_epoch(self, row: dict[str, Any], metric: float | None, epochs: int, patience: int) -> bool:
        """Takes an evaluated epoch in; True when its weights are those to keep, as none before was better.

        Of equal epochs the last counts as the best: small validation sets tie often, and the longer trained weights, at
        the lower learning rate, are the better guess. Without a metric nothing chooses: the last weights are kept, and
        patience ends nothing.
        """
        self.epoch, self.step, self.samples, self.seconds = self.epoch + 1, 0, 0, 0.0
        self.loss_sums, self.observed = {}, {}
        self.history.append(row)
        improved = metric is not None and (self.best_metric is None or metric > self.best_metric)
        best = improved or metric == self.best_metric
        if improved:
            self.best_metric, self.improved_epoch = metric, self.epoch
        if best:
            self.best_epoch = self.epoch
        if self.epoch >= epochs:
            self.stopped = "done"
        elif patience and metric is not None and self.epoch - self.improved_epoch >= patience:
            self.stopped = "early"
        return best


def _on(device: torch.device, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.to(device) if isinstance(value, Tensor) else value for name, value in values.items()}


def _add(sums: dict[str, Any], values: Mapping[str, Tensor | float]) -> None:
    for name, value in values.items():
        sums[name] = sums[name] + _exact(value) if name in sums else _exact(value)


def _exact(value: Any) -> Any:
    """In double precision where the device has it."""
    return value.double() if isinstance(value, Tensor) and value.device.type != "mps" else value

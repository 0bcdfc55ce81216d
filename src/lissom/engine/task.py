"""What `fit` needs from a task and from the training data; it knows nothing else of either."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from torch import Tensor, nn


class Task(Protocol):
    """All that differs between classification, hyperspectral scenes and detection."""

    primary_metric: str
    """Selects the best weights, from what `evaluate` returns; higher is better."""

    def losses(self, model: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Scalars, the same names every time, each the mean over the batch; the engine sums them."""
        ...

    def evaluate(self, model: nn.Module, batches: Iterable[Any]) -> dict[str, float]:
        """Metrics of `model`, which is in eval mode and without gradients."""
        ...


class TrainBatches(Protocol):
    """The training data, cut in steps and each step's batch in equal parts."""

    @property
    def steps_per_epoch(self) -> int:
        """Steps of the optimizer in each epoch."""
        ...

    def epoch(self, epoch: int, *, start_step: int = 0, parts: range) -> Iterator[list[Any]]:
        """For each step from `start_step` on, the micro-batches numbered in `parts`.

        What is drawn depends on the seed, `epoch`, the step and the place in the batch alone, whoever asks.
        """
        ...

"""What `fit` needs from an objective and from the training data; it knows nothing else of either."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, runtime_checkable

from torch import Tensor, nn

from lissom.errors import LissomError


class Batch(Protocol):
    """Samples that are seen at once."""

    def __len__(self) -> int:
        """How many they are."""
        ...

    def first(self, count: int) -> Self:
        """The first `count` of them, with their targets, and with whatever all samples share."""
        ...


@dataclass(frozen=True)
class Losses:
    """What one batch costs, and what was counted on the way."""

    terms: Mapping[str, Tensor]
    """Scalars, the same names every time, each the mean over the batch; the engine sums and differentiates them."""
    observed: Mapping[str, Tensor | float] = field(default_factory=dict)
    """Counts, the same names every time: summed over all batches of an epoch, each a column of the epoch's row."""


class Objective(Protocol):
    """What a training minimises and how it is judged.

    Outputs and losses are apart so that an objective can wrap another one without a second forward pass. One that is an
    `nn.Module` as well has parameters of its own: they are trained beside the network's, and its state is in the
    checkpoint.
    """

    primary_metric: str
    """Selects the best weights, from what `evaluate` returns; higher is better."""

    def outputs(self, model: nn.Module, batch: Any) -> Any:
        """What `model` says of the batch: the one forward pass."""
        ...

    def losses(self, outputs: Any, batch: Any) -> Losses:
        """What these outputs cost."""
        ...

    def evaluate(self, model: nn.Module, batches: Iterable[Any]) -> dict[str, float]:
        """Metrics of `model`, which is in eval mode and without gradients; none where there are no `batches`."""
        ...


@runtime_checkable
class MayStop(Protocol):
    """An objective that can tell from what it observed that going on is in vain."""

    def why_stop(self, row: dict[str, Any]) -> LissomError | None:
        """The error that ends the training with an evaluated epoch's `row`, which is not kept; None: go on."""
        ...


class TrainBatches(Protocol):
    """The training data, cut in steps and each step's batch in equal parts."""

    @property
    def steps_per_epoch(self) -> int:
        """Steps of the optimizer in each epoch."""
        ...

    def epoch(self, epoch: int, *, start_step: int = 0, parts: range) -> Iterator[Sequence[Batch]]:
        """For each step from `start_step` on, the micro-batches numbered in `parts`.

        What is drawn depends on the seed, `epoch`, the step and the index in the batch alone, whoever asks.
        """
        ...

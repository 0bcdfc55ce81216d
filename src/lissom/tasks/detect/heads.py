"""What each kind of head makes of its network's numbers; the rest of the task does not know which one it serves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from torch import Tensor

from lissom.tasks.detect.facts import DetectFacts

if TYPE_CHECKING:
    from lissom.tasks.detect.settings import DetectOptimConfig


class Targets(NamedTuple):
    """The boxes of a batch."""

    boxes: Tensor
    """T 4: centre and sides, pixels of the input."""
    classes: Tensor
    """T"""
    of: Tensor
    """T: which image of the batch each is of."""


class Cells(NamedTuple):
    """Where a level learns boxes: P cells."""

    image: Tensor
    row: Tensor
    column: Tensor
    target: Tensor
    """Which of the boxes of the batch."""


class Terms(NamedTuple):
    """The losses of a batch."""

    losses: dict[str, Tensor]
    """By name; as the head scales them, each already weighed."""
    positives: tuple[int, ...]
    """How many cells learn a box, by level."""


class Sides(NamedTuple):
    """Of each cell the distributions of the sides of its box."""

    shares: Tensor
    """B N 4 D: left, top, right and bottom; how probable each distance from the cell's centre is."""
    centres: Tensor
    """N 2, pixels of the input."""
    steps: Tensor
    """N: pixels from one distance to the next; the first is 0."""


class Head(Protocol):
    """A kind of head, for the levels of one network."""

    @property
    def strides(self) -> tuple[int, ...]: ...

    def scored(self, raw: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Raw numbers of each level -> boxes B N 4 (corners, pixels of the input) and scores B N K (0 to 1)."""
        ...

    def terms(self, raw: Sequence[Tensor], targets: Targets) -> Terms: ...

    def sides(self, raw: Sequence[Tensor]) -> Sides | None:
        """How sure each side of each box is; None: a head whose sides are single numbers."""
        ...

    def cells(self, raw: Sequence[Tensor], targets: Targets) -> list[Cells]:
        """Of each level."""
        ...


def head_of(facts: DetectFacts, optim: "DetectOptimConfig | None" = None) -> Head:
    """The head of a run's network; optim: None where nothing is learned."""
    if facts.anchors:
        from lissom.tasks.detect.anchors.learned import AnchorLevels

        return AnchorLevels.of(facts, optim)
    from lissom.tasks.detect.anchor_free.learned import FreeLevels

    return FreeLevels.of(facts, optim)

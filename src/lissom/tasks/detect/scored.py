"""A detector as it is used: the head's numbers decoded to boxes and scores, apart from each other."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lissom.boxes.forms import to_corners
from lissom.tasks.detect.anchors.head import BOX, Levels, decode
from lissom.tasks.detect.facts import DetectFacts


def levels_of(facts: DetectFacts) -> Levels:
    return Levels(facts.strides, facts.anchors)


class Scored(nn.Module):
    """`B 3 H W -> boxes B N 4 (corners, pixels of the input), scores B N K (0 to 1)`.

    The decoding stands behind the network and has no weights: what is made of fewer bits leaves it out. Boxes and
    scores are two outputs, as their ranges differ by a factor of a thousand.
    """

    def __init__(self, network: nn.Module, facts: DetectFacts) -> None:
        super().__init__()
        self.network = network
        self._levels = levels_of(facts)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return scored(self.network(images), self._levels)


def scored(raw: Sequence[Tensor], levels: Levels) -> tuple[Tensor, Tensor]:
    """Raw numbers of each level -> boxes B N 4 and scores B N K.

    A score is objectness times class; of a single class, which is not learned, objectness alone.
    """
    decoded = decode([each.float() for each in raw], levels)
    boxes, objectness, classes = decoded.split([4, 1, decoded.shape[2] - BOX], 2)
    return to_corners(boxes), objectness if classes.shape[2] == 1 else objectness * classes


@torch.no_grad()
def as_arrays(raw: Sequence[Tensor], levels: Levels) -> list[Tensor]:
    """The same on the CPU, float32."""
    return [each.cpu() for each in scored(raw, levels)]

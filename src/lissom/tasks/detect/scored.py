"""A detector as it is used: the head's numbers decoded to boxes and scores, apart from each other."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.heads import Head, head_of


class Scored(nn.Module):
    """`B 3 H W -> boxes B N 4 (corners, pixels of the input), scores B N K (0 to 1)`.

    The decoding stands behind the network and has no weights: what is made of fewer bits leaves it out. Boxes and
    scores are two outputs, as their ranges differ by a factor of a thousand.
    """

    def __init__(self, network: nn.Module, facts: DetectFacts) -> None:
        super().__init__()
        self.network = network
        self._head = head_of(facts)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self._head.scored(self.network(images))


@torch.no_grad()
def as_arrays(raw: Sequence[Tensor], head: Head) -> list[Tensor]:
    """Boxes and scores on the CPU, float32."""
    return [each.cpu() for each in head.scored(raw)]

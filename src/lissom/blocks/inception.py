"""Inception's module: branches side by side."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad


class Inception(nn.Module):
    """What the branches give, one behind the other, weighed by attention.

    Batch norm's paper (arXiv 1502.03167), figure 5; SENet (arXiv 1709.01507), figure 2, weighs the whole module.
    `B in H W -> B (sum of the branches') H' W'`
    """

    def __init__(self, branches: Sequence[nn.Module], attention: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.attention = attention

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(torch.cat([branch(x) for branch in self.branches], 1))


class CeilMaxPool(nn.Module):
    """The maximum of 3x3 with stride 2, no padding, rounding up; beginning at every even pixel.

    Of an even side it is `MaxPool2d(3, 2, ceil_mode=True)`. An odd side is first made even, or the result would be one
    smaller than that of a padded convolution beside it. `B C H W -> B C ceil(H / 2) ceil(W / 2)`
    """

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        if height % 2 or width % 2:
            x = pad(x, (0, width % 2, 0, height % 2), value=float("-inf"))
        return self.pool(x)

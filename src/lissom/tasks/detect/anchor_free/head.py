"""The head without anchors: each cell tells distributions of the four sides of a box around its centre, and classes.

Sides as distributions over whole strides, and class scores that say how good the box is, without objectness:
generalised focal loss (arXiv 2006.04388). One head for all levels, of depthwise 5x5 convolutions, as in PP-PicoDet
(arXiv 2111.00902), whose norms are each level's own, as their maps have other statistics (RTMDet, arXiv 2212.07784).
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from lissom.blocks.csp import yolo_norm

BINS = 8
"""Distances that a side's distribution is over: 0 to 7 strides."""
DEPTH, KERNEL = 2, 5
PRIOR = 0.01  # of a class in a cell, as the first training begins


class AnchorFreeHead(nn.Module):
    """`[B C ny_l nx_l]`, one for each level, to raw numbers `[B 4 x 8 + K ny nx]`: sides, then classes."""

    def __init__(self, in_channels: Sequence[int], num_classes: int, *, act: Callable[[], nn.Module]) -> None:
        super().__init__()
        assert len(set(in_channels)) == 1, "one head needs maps of one width"
        self.num_classes = num_classes
        width, levels = in_channels[0], len(in_channels)
        self.units = nn.ModuleList(LevelUnit(width, levels, act) for _ in range(DEPTH))
        self.out = nn.Conv2d(width, 4 * BINS + num_classes, 1)
        if not self.out.weight.is_meta:
            nn.init.normal_(self.out.weight, std=0.01)
            nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]
            nn.init.constant_(self.out.bias[4 * BINS :], -math.log((1 - PRIOR) / PRIOR))  # type: ignore[index]

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        return [self.out(self._shared(x, level)) for level, x in enumerate(maps)]

    def _shared(self, x: Tensor, level: int) -> Tensor:
        for unit in self.units:
            x = unit(x, level)
        return x


class LevelUnit(nn.Module):
    """A depthwise and a pointwise convolution that the levels share, each level's norm behind each: `B C H W` alike."""

    def __init__(self, channels: int, levels: int, act: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, KERNEL, padding=KERNEL // 2, groups=channels, bias=False)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.first_norms = nn.ModuleList(yolo_norm(channels) for _ in range(levels))
        self.second_norms = nn.ModuleList(yolo_norm(channels) for _ in range(levels))
        self.act = act()

    def forward(self, x: Tensor, level: int) -> Tensor:
        x = self.act(self.first_norms[level](self.depthwise(x)))
        return self.act(self.second_norms[level](self.pointwise(x)))


def points(raw: Sequence[Tensor], strides: Sequence[int]) -> tuple[Tensor, Tensor]:
    """The centres of all cells, `N 2`, and their strides, `N`, by level, row and column; pixels of the input."""
    centres, sizes = [], []
    for out, stride in zip(raw, strides, strict=True):
        high, wide = out.shape[2:]
        columns, rows = torch.meshgrid(torch.arange(wide), torch.arange(high), indexing="xy")
        cells = torch.stack([columns, rows], -1).view(-1, 2).to(out)
        centres.append((cells + 0.5) * stride)
        sizes.append(out.new_full((high * wide,), float(stride)))
    return torch.cat(centres), torch.cat(sizes)


def joined(raw: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Logits of the sides, `B N 4 8`, and of the classes, `B N K`, of all levels."""
    flat = torch.cat([out.flatten(2) for out in raw], 2).transpose(1, 2)  # B N 4 8 + K
    sides, classes = flat.split([4 * BINS, flat.shape[2] - 4 * BINS], 2)
    return sides.unflatten(2, (4, BINS)), classes


def distances(sides: Tensor) -> Tensor:
    """`... 8` logits -> the expected distance, in strides (equation 3 of arXiv 2006.04388)."""
    shares = sides.softmax(-1).flatten(0, -2)  # a matrix: ONNX Runtime takes six times as long for a stack of them
    return (shares @ torch.arange(BINS).to(sides)[:, None]).view(sides.shape[:-1])


def corners(centres: Tensor, sizes: Tensor, reach: Tensor) -> Tensor:
    """Middles N 2, strides N and distances left, top, right, bottom `... N 4`, in strides -> corners, pixels."""
    far = reach * sizes[:, None]
    return torch.cat([centres - far[..., :2], centres + far[..., 2:]], -1)

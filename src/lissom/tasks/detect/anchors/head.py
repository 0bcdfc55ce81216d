"""YOLOv5's anchor head: one 1x1 convolution for each level, and what its numbers say."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

BOX = 5
"""tx, ty, tw, th, objectness; the classes follow."""


class Levels(NamedTuple):
    """Anchors and strides of a head, rising."""

    strides: tuple[int, ...]
    anchors: tuple[tuple[tuple[float, float], ...], ...]
    """Of each level its widths and heights, pixels of the input."""


class AnchorHead(nn.Module):
    """`[B C_l ny_l nx_l]`, one for each level, to raw numbers `[B A ny nx 5 + K]`."""

    anchors: Tensor
    strides: Tensor

    def __init__(self, in_channels: Sequence[int], num_classes: int, levels: Levels) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.per_level = len(levels.anchors[0])
        outputs = self.per_level * (BOX + num_classes)
        self.levels = nn.ModuleList(nn.Conv2d(channels, outputs, 1) for channels in in_channels)
        self.register_buffer("anchors", torch.tensor(levels.anchors, dtype=torch.float32))  # L A 2
        self.register_buffer("strides", torch.tensor(levels.strides, dtype=torch.float32))  # L
        if not self.anchors.is_meta:
            self._start()

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        return [self._split(conv(x)) for conv, x in zip(self.levels, maps, strict=True)]

    def _split(self, x: Tensor) -> Tensor:
        batch, _, high, wide = x.shape
        return x.view(batch, self.per_level, BOX + self.num_classes, high, wide).permute(0, 1, 3, 4, 2)

    @torch.no_grad()
    def _start(self) -> None:
        """Biases as if 8 boxes stood in an image of 640 pixels, and 0.6 of a box's classes were true.

        With one class the second formula gives +4.09; it is held at 0, as the class is not learned there.
        """
        classes = min(math.log(0.6 / (self.num_classes - 0.99)), 0.0)
        for conv, stride in zip(self.levels, self.strides.tolist(), strict=True):
            bias = conv.bias.view(self.per_level, -1)  # type: ignore[union-attr, operator]
            bias[:, 4] += math.log(8 / (640 / stride) ** 2)
            bias[:, BOX:] += classes


def decode(raw: Sequence[Tensor], levels: Levels) -> Tensor:
    """Raw numbers to `B N (xc yc w h, objectness, classes)`, pixels and shares, by level, anchor, row and column.

    With s = sigmoid: the centre lies at (2 s(t) - 0.5 + cell) stride, from half a cell before its cell to half a cell
    behind; the sides are (2 s(t))² times the anchor's, at most four times.
    """
    decoded = []
    for out, stride, anchors in zip(raw, levels.strides, levels.anchors, strict=True):
        y = out.sigmoid()
        cells = grid(out.shape[3], out.shape[2]).to(y)  # ny nx 2
        centres = (2 * y[..., :2] - 0.5 + cells) * stride
        sides = (2 * y[..., 2:4]) ** 2 * y.new_tensor(anchors)[:, None, None]
        decoded.append(torch.cat([centres, sides, y[..., 4:]], -1).flatten(1, 3))
    return torch.cat(decoded, 1)


def grid(wide: int, high: int) -> Tensor:
    """`ny nx 2`: column and row of each cell."""
    return torch.stack(torch.meshgrid(torch.arange(wide), torch.arange(high), indexing="xy"), -1)

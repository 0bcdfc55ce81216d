"""MobileNetV4: Qin, Leichner, Delakis, Fornoni, Luo, Yang, Wang, Banbury, Ye, Akin, Aggarwal, Zhu, Moro, Howard.
"MobileNetV4: Universal Models for the Mobile Ecosystem", ECCV 2024, arXiv 2404.10518.

The convolutional networks, as timm's `mobilenetv4_conv_small`, `_medium` and `_large`, whose weights fit in the order
of their keys (the 1x1 convolution after the mean is a linear layer here). Widths are not the paper's: as in timm every
number of channels is scaled and rounded but the last layer's 1280 and, below width 1, the stem's.
"""

from functools import partial
from typing import NamedTuple

from torch import nn

from lissom.blocks.channels import make_divisible
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.linear import LinearNormAct
from lissom.blocks.universal_bottleneck import FusedBottleneck, UniversalBottleneck
from lissom.models.classifier import Classifier, Step, cifar_strides
from lissom.models.registry import builder


class Conv(NamedTuple):
    """A line `Conv2D` of the tables: kernel, channels, stride."""

    kernel: int
    out: int
    stride: int


class Fused(NamedTuple):
    """A line `FusedIB`: kernel, expansion, channels, stride."""

    kernel: int
    expansion: int
    out: int
    stride: int


class Uib(NamedTuple):
    """Any of the other lines: sides of the first and the mid filter, 0 for none."""

    first: int
    mid: int
    expansion: int
    out: int
    stride: int = 1


Row = Conv | Fused | Uib
LAST, EXPANDED = 1280, 960

# fmt: off
SMALL: list[Row] = [  # table 11, after the stem of 32
    Conv(3, 32, 2), Conv(1, 32, 1),
    Conv(3, 96, 2), Conv(1, 64, 1),
    Uib(5, 5, 3, 96, 2), *[Uib(0, 3, 2, 96)] * 4, Uib(3, 0, 4, 96),
    Uib(3, 3, 6, 128, 2), Uib(5, 5, 4, 128), Uib(0, 5, 4, 128), Uib(0, 5, 3, 128), *[Uib(0, 3, 4, 128)] * 2,
]
MEDIUM: list[Row] = [  # table 12, after the stem of 32
    Fused(3, 4, 48, 2),
    Uib(3, 5, 4, 80, 2), Uib(3, 3, 2, 80),
    Uib(3, 5, 6, 160, 2), *[Uib(3, 3, 4, 160)] * 2, Uib(3, 5, 4, 160), Uib(3, 3, 4, 160), Uib(3, 0, 4, 160),
    Uib(0, 0, 2, 160), Uib(3, 0, 4, 160),
    Uib(5, 5, 6, 256, 2), Uib(5, 5, 4, 256), *[Uib(3, 5, 4, 256)] * 2, Uib(0, 0, 4, 256), Uib(3, 0, 4, 256),
    Uib(3, 5, 2, 256), Uib(5, 5, 4, 256), *[Uib(0, 0, 4, 256)] * 2, Uib(5, 0, 2, 256),
]
LARGE: list[Row] = [  # table 14, after the stem of 24
    Fused(3, 4, 48, 2),
    Uib(3, 5, 4, 96, 2), Uib(3, 3, 4, 96),
    Uib(3, 5, 4, 192, 2), *[Uib(3, 3, 4, 192)] * 3, Uib(3, 5, 4, 192), *[Uib(5, 3, 4, 192)] * 5, Uib(3, 0, 4, 192),
    Uib(5, 5, 4, 512, 2), *[Uib(5, 5, 4, 512)] * 3, Uib(5, 0, 4, 512), Uib(5, 3, 4, 512), *[Uib(5, 0, 4, 512)] * 2,
    Uib(5, 3, 4, 512), Uib(5, 5, 4, 512), *[Uib(5, 0, 4, 512)] * 3,
]
# fmt: on


def mobilenetv4(
    rows: list[Row], stem: int, cifar: bool, *, num_classes: int, in_channels: int, width: float, dropout: float = 0.2
) -> Classifier:
    """The network of a table. cifar: for 32x32 images, with stride 1 in the stem and in the first row that has 2."""
    strides = [2, *(row.stride for row in rows)]
    first, *others = cifar_strides(strides) if cifar else strides
    channels = make_divisible(stem * max(width, 1.0))
    steps = [Step(ConvNormAct(in_channels, channels, stride=first), first, channels)]
    for row, stride in zip(rows, others, strict=True):
        out = make_divisible(row.out * width)
        steps.append(Step(_block(row, steps[-1].channels, out, stride), stride, out))
    expanded = make_divisible(EXPANDED * width)
    head = nn.Sequential(LinearNormAct(expanded, LAST), nn.Dropout(dropout), nn.Linear(LAST, num_classes))
    return Classifier(steps, ConvNormAct(steps[-1].channels, expanded, 1), head)


def _block(row: Row, channels: int, out: int, stride: int) -> nn.Module:
    if isinstance(row, Conv):
        return ConvNormAct(channels, out, row.kernel, stride=stride)
    if isinstance(row, Fused):
        return FusedBottleneck(channels, out, kernel=row.kernel, expansion=row.expansion, stride=stride)
    return UniversalBottleneck(channels, out, first=row.first, mid=row.mid, expansion=row.expansion, stride=stride)


builder("mobilenetv4_conv_small")(partial(mobilenetv4, SMALL, 32, False))
builder("mobilenetv4_conv_medium")(partial(mobilenetv4, MEDIUM, 32, False))
builder("mobilenetv4_conv_large")(partial(mobilenetv4, LARGE, 24, False))
builder("mobilenetv4_conv_small_cifar")(partial(mobilenetv4, SMALL, 32, True, dropout=0.0))

"""GhostNet: Han, Wang, Tian, Guo, Xu, Xu. "GhostNet: More Features from Cheap Operations", CVPR 2020, arXiv 1911.11907.

As the authors' code and timm's `ghostnet_100`, whose weights fit in the order of their keys (the 1x1 convolution after
the mean is a linear layer here, the same function). Channels are rounded to multiples of four at any width, the 1280
before the classifier stay. The squeeze-and-excitation's gate is h-sigmoid, its middle a quarter, rounded to four.
Table 1 prints no kernels; those of the filters between the modules and of the shortcuts are the authors' code's. Batch
norm has eps 1e-5.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from torch import nn

from lissom.blocks.channels import make_divisible
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.dfc_attention import DFCAttention
from lissom.blocks.ghost import GhostBottleneck, GhostModule
from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.models.classifier import Classifier, Step
from lissom.models.registry import builder


class Row(NamedTuple):
    """One line of table 1, columns in the paper's order, behind the authors' kernel."""

    kernel: int
    expanded: int
    out: int
    se: bool
    stride: int


STEM, LAST = 16, 1280
DIVISOR = 4  # of all channels, the squeezed ones too

# fmt: off
ROWS = [  # table 1
    #   k  exp  out  SE     s     input
    Row(3, 16,  16,  False, 1),  # 112² x 16
    Row(3, 48,  24,  False, 2),  # 112² x 16
    Row(3, 72,  24,  False, 1),  # 56² x 24
    Row(5, 72,  40,  True,  2),  # 56² x 24
    Row(5, 120, 40,  True,  1),  # 28² x 40
    Row(3, 240, 80,  False, 2),  # 28² x 40
    Row(3, 200, 80,  False, 1),  # 14² x 80
    Row(3, 184, 80,  False, 1),  # 14² x 80
    Row(3, 184, 80,  False, 1),  # 14² x 80
    Row(3, 480, 112, True,  1),  # 14² x 80
    Row(3, 672, 112, True,  1),  # 14² x 112
    Row(5, 672, 160, True,  2),  # 14² x 112
    Row(5, 960, 160, False, 1),  # 7² x 160
    Row(5, 960, 160, True,  1),  # 7² x 160
    Row(5, 960, 160, False, 1),  # 7² x 160
    Row(5, 960, 160, True,  1),  # 7² x 160
]
# fmt: on
CIFAR = [ROWS[0], ROWS[1]._replace(stride=1), *ROWS[2:]]


@builder("ghostnet")
def ghostnet(
    *, num_classes: int, in_channels: int, width: float, ratio: int = 2, kernel: int = 3, dropout: float = 0.2
) -> Classifier:
    """The network of table 1; ratio and kernel (s and d in the paper) are those of every ghost module."""
    ghost = partial(GhostModule, ratio=ratio, kernel=kernel)
    return network(ROWS, ghost, num_classes, in_channels=in_channels, width=width, dropout=dropout)


@builder("ghostnet_cifar")
def ghostnet_cifar(
    *, num_classes: int, in_channels: int, width: float, ratio: int = 2, kernel: int = 3, dropout: float = 0.0
) -> Classifier:
    """For 32x32 images: stem and first strided block of stride 1."""
    ghost = partial(GhostModule, ratio=ratio, kernel=kernel)
    options = {"in_channels": in_channels, "width": width, "dropout": dropout}
    return network(CIFAR, ghost, num_classes, stem_stride=1, **options)


def network(
    rows: list[Row],
    ghost: partial[GhostModule],
    num_classes: int,
    *,
    in_channels: int,
    width: float,
    dropout: float,
    stem_stride: int = 2,
    attended: int | None = None,
) -> Classifier:
    """Table 1 as blocks; those from number `attended` on have GhostNetV2's attention."""
    stem = make_divisible(STEM * width, DIVISOR)
    steps = [Step(ConvNormAct(in_channels, stem, stride=stem_stride), stem_stride, stem)]
    steps += _blocks(stem, rows, width, ghost, len(rows) if attended is None else attended)
    expanded = make_divisible(rows[-1].expanded * width, DIVISOR)
    expansion = ConvNormAct(steps[-1].channels, expanded, 1)
    head = nn.Sequential(nn.Linear(expanded, LAST), nn.ReLU(), nn.Dropout(dropout), nn.Linear(LAST, num_classes))
    return Classifier(steps, expansion, head)


def _blocks(channels: int, rows: list[Row], width: float, ghost: partial[GhostModule], attended: int) -> Iterator[Step]:
    for index, row in enumerate(rows):
        expanded, out = make_divisible(row.expanded * width, DIVISOR), make_divisible(row.out * width, DIVISOR)
        block = GhostBottleneck(
            channels,
            expanded,
            out,
            kernel=row.kernel,
            stride=row.stride,
            gate=_squeeze_excitation(expanded) if row.se else None,
            attend=DFCAttention(channels, expanded) if index >= attended else None,
            ghost=ghost,
        )
        yield Step(block, row.stride, out)
        channels = out


def _squeeze_excitation(channels: int) -> SqueezeExcitation:
    return SqueezeExcitation(channels, make_divisible(channels / 4, DIVISOR), gate=nn.Hardsigmoid)

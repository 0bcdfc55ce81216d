"""SE-Inception: BN-Inception (Ioffe, Szegedy. "Batch Normalization: Accelerating Deep Network Training by Reducing
Internal Covariate Shift", ICML 2015, arXiv 1502.03167, figure 5) with the ten squeeze-and-excitation blocks of SENet
(Hu, Shen, Albanie, Sun, Wu. "Squeeze-and-Excitation Networks", CVPR 2018, arXiv 1709.01507, figure 2).

As SENet's authors train it, which is the published BN-Inception model: the modules 4c and 4d give 608 channels, and
pooling of stride 2 rounds up, without padding. Differences: convolutions have no bias before their norm, and an odd map
is made even before it is pooled, where branches would not fit each other otherwise. Batch norm has eps 1e-5.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from lissom.blocks.attention import REDUCTION, attention
from lissom.blocks.channels import make_divisible
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.inception import CeilMaxPool, Inception
from lissom.models.classifier import Classifier, Step
from lissom.models.registry import builder

AVG, MAX = "avg", "max"


class Row(NamedTuple):
    """One module, columns in the order of figure 5; a module without a 1x1 branch halves the map."""

    one: int | None  # 1x1
    reduce: int  # 1x1 before the 3x3
    three: int
    double_reduce: int  # 1x1 before the two 3x3
    double: int
    pool: str
    project: int | None  # 1x1 after the pooling; None: the maximum passes as it is


STEM = 64

# fmt: off
BEFORE = [64, 192]  # 1x1 and 3x3 at 56²
ROWS = [
    #   1x1  red  3x3  red  2x3x3 pool proj    input
    Row(64,  64,  64,  64,  96,  AVG, 32),    # 28² x 192: 3a
    Row(64,  64,  96,  64,  96,  AVG, 64),    # 28² x 256: 3b
    Row(None, 128, 160, 64, 96,  MAX, None),  # 28² x 320: 3c
    Row(224, 64,  96,  96,  128, AVG, 128),   # 14² x 576: 4a
    Row(192, 96,  128, 96,  128, AVG, 128),   # 14² x 576: 4b
    Row(160, 128, 160, 128, 160, AVG, 128),   # 14² x 576: 4c
    Row(96,  128, 192, 160, 192, AVG, 128),   # 14² x 608: 4d
    Row(None, 128, 192, 192, 256, MAX, None), # 14² x 608: 4e
    Row(352, 192, 320, 160, 224, AVG, 128),   # 7² x 1056: 5a
    Row(352, 192, 320, 192, 224, MAX, 128),   # 7² x 1024: 5b
]
# fmt: on


@builder("se_inception")
def se_inception(
    *,
    num_classes: int,
    in_channels: int,
    width: float,
    attention: str = "se",
    reduction: int = REDUCTION,
    dropout: float = 0.0,
) -> Classifier:
    """The network of the table; `attention="none"`: BN-Inception."""
    steps = _stem(in_channels, width)
    for row in ROWS:
        steps.append(_module(steps[-1].channels, row, width, attention, reduction))
    head = nn.Sequential(nn.Dropout(dropout), nn.Linear(steps[-1].channels, num_classes))
    return Classifier(steps, nn.Identity(), head)


def _stem(in_channels: int, width: float) -> list[Step]:
    first, one, three = (make_divisible(channels * width) for channels in (STEM, *BEFORE))
    return [
        Step(ConvNormAct(in_channels, first, 7, stride=2), 2, first),
        Step(CeilMaxPool(), 2, first),
        Step(ConvNormAct(first, one, 1), 1, one),
        Step(ConvNormAct(one, three), 1, three),
        Step(CeilMaxPool(), 2, three),
    ]


def _module(channels: int, row: Row, width: float, kind: str, reduction: int) -> Step:
    def scaled(printed: int) -> int:
        return make_divisible(printed * width)

    stride = 2 if row.one is None else 1
    branches = _convolutions(channels, row, scaled, stride)
    out = scaled(row.three) + scaled(row.double)
    if row.one is not None:
        branches.insert(0, ConvNormAct(channels, scaled(row.one), 1))
        out += scaled(row.one)
    branches.append(_pooling(channels, row, scaled))
    out += channels if row.project is None else scaled(row.project)
    return Step(Inception(branches, attention(kind, out, reduction=reduction)), stride, out)


def _convolutions(channels: int, row: Row, scaled: Callable[[int], int], stride: int) -> list[nn.Module]:
    reduce, three, double_reduce, double = map(scaled, (row.reduce, row.three, row.double_reduce, row.double))
    return [
        nn.Sequential(ConvNormAct(channels, reduce, 1), ConvNormAct(reduce, three, stride=stride)),
        nn.Sequential(
            ConvNormAct(channels, double_reduce, 1),
            ConvNormAct(double_reduce, double),
            ConvNormAct(double, double, stride=stride),
        ),
    ]


def _pooling(channels: int, row: Row, scaled: Callable[[int], int]) -> nn.Module:
    if row.project is None:
        return CeilMaxPool()
    pool = nn.AvgPool2d(3, 1, 1) if row.pool == AVG else nn.MaxPool2d(3, 1, 1)
    return nn.Sequential(pool, ConvNormAct(channels, scaled(row.project), 1))

"""MobileNetV1: Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto, Adam. "MobileNets: Efficient Convolutional
Neural Networks for Mobile Vision Applications", 2017, arXiv 1704.04861.

Differences from the paper: table 1 prints stride 2 for the last depthwise convolution, with 7x7 before and after it; it
is 1. Channels of widths that the paper does not use are rounded by `make_divisible`. Batch norm has eps 1e-5.
Attention stands where the papers put it whose figures it has: squeeze-and-excitation (arXiv 1709.01507, table 3) after
each pointwise convolution, CBAM (arXiv 1807.06521, table 4) after each depthwise and each pointwise one.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from torch import nn

from lissom.blocks.activations import ACTIVATIONS
from lissom.blocks.attention import REDUCTION, attention
from lissom.blocks.channels import make_divisible
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.depthwise_separable import DepthwiseSeparable
from lissom.models.classifier import Classifier, Step
from lissom.models.registry import builder


class Row(NamedTuple):
    """Two lines of table 1: a depthwise convolution with the stride, and a pointwise one that gives `out` channels."""

    out: int
    stride: int


STEM = 32

# fmt: off
ROWS = [  # table 1
    #   out   s    input
    Row(64,   1),  # 112² x 32
    Row(128,  2),  # 112² x 64
    Row(128,  1),  # 56² x 128
    Row(256,  2),  # 56² x 128
    Row(256,  1),  # 28² x 256
    Row(512,  2),  # 28² x 256
    Row(512,  1),  # 14² x 512, five times
    Row(512,  1),
    Row(512,  1),
    Row(512,  1),
    Row(512,  1),
    Row(1024, 2),  # 14² x 512
    Row(1024, 1),  # 7² x 1024
]
# fmt: on
SHALLOW = ROWS[:6] + ROWS[11:]  # table 5: without the five layers at 14² x 512
CIFAR = ROWS[:7] + ROWS[11:]  # with one of them


Block = Callable[..., nn.Module]  # (input channels, output channels, stride=) -> one row of the table


def mobilenetv1(
    *,
    num_classes: int,
    in_channels: int,
    width: float,
    depthwise: bool = True,
    shallow: bool = False,
    act: str = "relu",
    attention: str = "none",
    reduction: int = REDUCTION,
    dropout: float = 0.0,
) -> Classifier:
    """The network of table 1; `depthwise=False`: full 3x3 convolutions (table 4); `shallow=True`: that of table 5."""
    form = _separable if depthwise else _full
    block = partial(form, act=ACTIVATIONS[act], kind=attention, reduction=reduction)
    stem = _stem(in_channels, width, 2, act)
    return _network(stem, SHALLOW if shallow else ROWS, block, num_classes, width=width, dropout=dropout)


@builder("mobilenetv1_cifar")
def mobilenetv1_cifar(
    *, num_classes: int, in_channels: int, width: float, deep: bool = False, dropout: float = 0.0
) -> Classifier:
    """For 32x32 images: stem of stride 1, nine blocks; `deep=True`: all thirteen, as the wide-spread port."""
    stem = _stem(in_channels, width, 1, "relu")
    return _network(stem, ROWS if deep else CIFAR, DepthwiseSeparable, num_classes, width=width, dropout=dropout)


def _stem(in_channels: int, width: float, stride: int, act: str) -> Step:
    channels = make_divisible(STEM * width)
    return Step(ConvNormAct(in_channels, channels, stride=stride, act=ACTIVATIONS[act]), stride, channels)


def _separable(
    before: int, out: int, *, stride: int, act: type[nn.Module], kind: str, reduction: int
) -> DepthwiseSeparable:
    filtered = attention("cbam" if kind == "cbam" else "none", before, reduction=reduction)
    mixed = attention(kind, out, reduction=reduction)
    return DepthwiseSeparable(before, out, stride=stride, act=act, attention=(filtered, mixed))


def _full(before: int, out: int, *, stride: int, act: type[nn.Module], kind: str, reduction: int) -> nn.Module:
    conv = ConvNormAct(before, out, stride=stride, act=act)
    return conv if kind == "none" else nn.Sequential(conv, attention(kind, out, reduction=reduction))


def _network(
    stem: Step, rows: list[Row], block: Block, num_classes: int, *, width: float, dropout: float
) -> Classifier:
    steps = [stem]
    for row in rows:
        channels = make_divisible(row.out * width)
        steps.append(Step(block(steps[-1].channels, channels, stride=row.stride), row.stride, channels))
    head = nn.Sequential(nn.Dropout(dropout), nn.Linear(steps[-1].channels, num_classes))
    return Classifier(steps, nn.Identity(), head)


builder("mobilenetv1")(mobilenetv1)
builder("se_mobilenetv1")(partial(mobilenetv1, attention="se"))
builder("cbam_mobilenetv1")(partial(mobilenetv1, attention="cbam"))

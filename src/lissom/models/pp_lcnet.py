"""PP-LCNet: Cui, Gao, Wei, Du, Guo, Dong, Lu, Zhou, Lv, Liu, Hu, Yu, Ma. "PP-LCNet: A Lightweight CPU Convolutional
Neural Network", 2021, arXiv 2109.15099.

As timm's `lcnet_*`, whose weights fit in the order of their keys (the 1x1 convolution after the mean is a linear layer
here). Difference from the paper's figure 2, which timm shares: every number of channels but the last layer's 1280 is
rounded to a multiple of 8, so that quarter and half widths have whole ones.
"""

from functools import partial
from typing import NamedTuple

from torch import nn

from lissom.blocks.channels import make_divisible
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.depthwise_separable import DepthwiseSeparable
from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.models.classifier import Classifier, Step, cifar_strides
from lissom.models.registry import builder


class Row(NamedTuple):
    """A line of table 1: the filter's side, channels, stride, whether squeeze-and-excitation stands in it."""

    kernel: int
    out: int
    stride: int
    se: bool = False


STEM, LAST = 16, 1280

# fmt: off
ROWS = [
    Row(3, 32, 1),
    Row(3, 64, 2), Row(3, 64, 1),
    Row(3, 128, 2), Row(3, 128, 1),
    Row(3, 256, 2), *[Row(5, 256, 1)] * 5,
    Row(5, 512, 2, se=True), Row(5, 512, 1, se=True),
]
# fmt: on


def pp_lcnet(cifar: bool, *, num_classes: int, in_channels: int, width: float, dropout: float = 0.2) -> Classifier:
    """The network of table 1. cifar: for 32x32 images, with stride 1 in the stem and in the first row that has 2."""
    strides = [2, *(row.stride for row in ROWS)]
    first, *others = cifar_strides(strides) if cifar else strides
    channels = make_divisible(STEM * width)
    steps = [Step(ConvNormAct(in_channels, channels, stride=first, act=nn.Hardswish), first, channels)]
    for row, stride in zip(ROWS, others, strict=True):
        out = make_divisible(row.out * width)
        steps.append(Step(_block(row, steps[-1].channels, out, stride), stride, out))
    last = nn.Linear(steps[-1].channels, LAST)
    head = nn.Sequential(last, nn.Hardswish(), nn.Dropout(dropout), nn.Linear(LAST, num_classes))
    return Classifier(steps, nn.Identity(), head)


def _block(row: Row, channels: int, out: int, stride: int) -> DepthwiseSeparable:
    gate = SqueezeExcitation(channels, round(channels / 4), gate=nn.Hardsigmoid) if row.se else None
    return DepthwiseSeparable(channels, out, kernel=row.kernel, stride=stride, act=nn.Hardswish, attention=(gate, None))


builder("pp_lcnet")(partial(pp_lcnet, False))
builder("pp_lcnet_cifar")(partial(pp_lcnet, True, dropout=0.0))

"""ShuffleNetV2: Ma, Zhang, Zheng, Sun. "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design",
ECCV 2018, arXiv 1807.11164.

Two forms, which do not exchange weights. "paper" is the authors' code: the stride-2 unit keeps all input channels in
its short branch, each unit of stride 1 shuffles before it splits, and the classifier has no bias. "torchvision" is
torchvision's `shufflenet_v2_x0_5` to `_x2_0`, whose weights fit in the order of their keys: half of the output from
either branch, a shuffle after each concatenation, as the text of section 3.2 has it, and a bias. Width 2 has 244
channels in stage 2, as in both codes, not 224. Widths that table 5 does not have lie on straight lines between those
that it has, above 2 on a line through zero, rounded to multiples of four; below .5 the whole network shrinks in
proportion. Batch norm has eps 1e-5.
"""

from itertools import pairwise
from typing import NamedTuple

from torch import nn

from lissom.blocks.channels import make_divisible
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.split_unit import DownUnit, SplitUnit
from lissom.models.classifier import Classifier, Step
from lissom.models.registry import builder


class Row(NamedTuple):
    """One column of table 5: output channels. Stages 3 and 4 have two and four times those of stage 2."""

    width: float
    stage_2: int
    last: int


STEM = 24  # at every width of table 5
REPEATS = (4, 8, 4)  # the unit of stride 2 counted

# fmt: off
ROWS = [  # table 5
    #   width c2   conv5
    Row(0.5,  48,  1024),
    Row(1.0,  116, 1024),
    Row(1.5,  176, 1024),
    Row(2.0,  244, 2048),
]
# fmt: on


@builder("shufflenetv2")
def shufflenetv2(
    *, num_classes: int, in_channels: int, width: float, form: str = "paper", dropout: float = 0.0
) -> Classifier:
    """The network of table 5; form: "paper", the authors' code, or "torchvision"."""
    channels = stem(width)
    steps = [
        Step(ConvNormAct(in_channels, channels, stride=2), 2, channels),
        Step(nn.MaxPool2d(3, stride=2, padding=1), 2, channels),
    ]
    return _network(steps, num_classes, width, form, dropout)


@builder("shufflenetv2_cifar")
def shufflenetv2_cifar(
    *, num_classes: int, in_channels: int, width: float, form: str = "paper", dropout: float = 0.0
) -> Classifier:
    """For 32x32 images: the stem has stride 1, and no pooling follows it."""
    steps = [Step(ConvNormAct(in_channels, stem(width)), 1, stem(width))]
    return _network(steps, num_classes, width, form, dropout)


def _network(steps: list[Step], num_classes: int, width: float, form: str, dropout: float) -> Classifier:
    as_paper = form == "paper"
    for stage, repeats in enumerate(REPEATS):
        before, out = steps[-1].channels, stage_2(width) * 2**stage
        projected = before if as_paper else out // 2
        steps.append(Step(DownUnit(before, out, projected=projected, shuffle=not as_paper), 2, out))
        steps += [Step(SplitUnit(out, shuffle_first=as_paper), 1, out) for _ in range(repeats - 1)]
    last = last_channels(width)
    expansion = ConvNormAct(steps[-1].channels, last, 1)
    classifier = nn.Linear(last, num_classes, bias=not as_paper)
    return Classifier(steps, expansion, nn.Sequential(nn.Dropout(dropout), classifier))


def last_channels(width: float) -> int:
    """Table 5's, which are the same from .5 to 1.5; the wider one beyond."""
    if width < ROWS[0].width:
        return make_divisible(ROWS[0].last * width / ROWS[0].width, 4)
    return ROWS[0].last if width <= ROWS[-2].width else ROWS[-1].last


def stem(width: float) -> int:
    """Never more than half of stage 2, which keeps these channels in the paper's form and must add its own."""
    return min(STEM, stage_2(width) // 2)


def stage_2(width: float) -> int:
    """Channels of stage 2: table 5's at its widths, elsewhere on the line between its neighbours."""
    for low, high in pairwise(ROWS):
        if low.width <= width <= high.width:
            share = (width - low.width) / (high.width - low.width)
            return make_divisible(low.stage_2 + share * (high.stage_2 - low.stage_2), 4)
    nearest = ROWS[0] if width < ROWS[0].width else ROWS[-1]
    return make_divisible(nearest.stage_2 * width / nearest.width, 4)

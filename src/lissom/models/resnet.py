"""ResNet: He, Zhang, Ren, Sun. "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv 1512.03385; ResNeXt:
Xie, Girshick, Dollár, Tu, He, CVPR 2017, arXiv 1611.05431; with the attention of SENet (Hu, Shen, Albanie, Sun, Wu,
CVPR 2018, arXiv 1709.01507) or CBAM (Woo, Park, Lee, Kweon, ECCV 2018, arXiv 1807.06521) on every residual branch.

As torchvision's `resnet*` and `resnext*`, whose weights fit in the order of their keys; with `stem="authors"` as timm's
`legacy_seresnet*`. Differences from the papers: the stride of a bottleneck stands in the 3x3 convolution, not in the
first 1x1, unless `stride_in="1x1"`; table 6's networks for CIFAR have shortcuts with a convolution (option B, not A).
Batch norm has eps 1e-5.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from torch import nn

from lissom.blocks.attention import REDUCTION, attention
from lissom.blocks.channels import make_divisible
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.residual import basic_block, bottleneck
from lissom.models.classifier import Classifier, Step
from lissom.models.registry import builder


class Stage(NamedTuple):
    """One line of table 1: channels of the 3x3 convolutions, and the stride of the first block."""

    channels: int
    stride: int


STEM = 64
EXPANSION = 4  # a bottleneck gives four times its inner channels

# fmt: off
STAGES = [  # table 1, conv2_x to conv5_x
    #     c    s    output
    Stage(64,  1),  # 56²
    Stage(128, 2),  # 28²
    Stage(256, 2),  # 14²
    Stage(512, 2),  # 7²
]
REPEATS = {  # table 1, blocks in each of them by the number of layers
    18:  (2, 2, 2, 2),
    34:  (3, 4, 6, 3),
    50:  (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
CIFAR = [  # section 4.2; n blocks in each, 6n + 2 layers
    Stage(16, 1),  # 32²
    Stage(32, 2),  # 16²
    Stage(64, 2),  # 8²
]
# fmt: on
RESNEXT = (32, 4)  # groups, and channels of each in the first stage: the "32x4d" of ResNeXt's table 1
NAMED = {"": "none", "se_": "se", "cbam_": "cbam"}

Block = Callable[[int, int, int], Step]  # input channels, the stage's channels, stride


def basic_resnet(
    repeats: Sequence[int],
    *,
    num_classes: int,
    in_channels: int,
    width: float,
    attention: str = "none",
    reduction: int = REDUCTION,
    stem: str = "torchvision",
    branch_act: bool = False,
    dropout: float = 0.0,
) -> Classifier:
    """ResNet-18 and 34.

    stem: "authors" is SENet's, whose pooling has no padding and rounds up, so that odd maps lose their last row.
    branch_act: ReLU before the attention too, as timm's `legacy_seresnet18` and `34`, and no paper, have it.
    """
    block = partial(_basic, kind=attention, reduction=reduction, branch_act=branch_act)
    steps = _stem(in_channels, width, stem)
    return _network(steps, STAGES, repeats, block, width, _head(num_classes, dropout))


def bottleneck_resnet(
    repeats: Sequence[int],
    groups: int = 1,
    group_width: int = STEM,
    *,
    num_classes: int,
    in_channels: int,
    width: float,
    attention: str = "none",
    reduction: int = REDUCTION,
    stride_in: str = "3x3",
    stem: str = "torchvision",
    dropout: float = 0.0,
) -> Classifier:
    """ResNet-50 and deeper, and ResNeXt: `groups` of `group_width` channels in the first stage."""
    form = Bottleneck(groups, group_width, stride_in)
    block = partial(_bottleneck, form=form, kind=attention, reduction=reduction)
    steps = _stem(in_channels, width, stem)
    return _network(steps, STAGES, repeats, block, width, _head(num_classes, dropout))


def cifar_resnet(
    stages: Sequence[Stage],
    repeats: Sequence[int],
    *,
    num_classes: int,
    in_channels: int,
    width: float,
    attention: str = "none",
    reduction: int = REDUCTION,
    dropout: float = 0.0,
) -> Classifier:
    """For 32x32 images: a 3x3 stem of stride 1 and no pooling, so that the first stage sees every pixel."""
    channels = make_divisible(stages[0].channels * width)
    steps = [Step(ConvNormAct(in_channels, channels), 1, channels)]
    block = partial(_basic, kind=attention, reduction=reduction)
    return _network(steps, stages, repeats, block, width, _head(num_classes, dropout))


class Bottleneck(NamedTuple):
    """What the bottlenecks of one network share."""

    groups: int
    group_width: int  # channels of a group where the stage has 64
    stride_in: str

    def inner(self, channels: int) -> int:
        return self.groups * max(1, channels * self.group_width // STEM)


def _basic(before: int, channels: int, stride: int, *, kind: str, reduction: int, branch_act: bool = False) -> Step:
    gate = attention(kind, channels, reduction=reduction)
    block = basic_block(before, channels, gate, stride=stride, branch_act=branch_act)
    return Step(block, stride, channels)


def _bottleneck(before: int, channels: int, stride: int, *, form: Bottleneck, kind: str, reduction: int) -> Step:
    out = EXPANSION * channels
    gate = attention(kind, out, reduction=reduction)
    inner = form.inner(channels)
    block = bottleneck(before, inner, out, gate, stride=stride, groups=form.groups, stride_in=form.stride_in)
    return Step(block, stride, out)


def _stem(in_channels: int, width: float, kind: str) -> list[Step]:
    channels = make_divisible(STEM * width)
    as_authors = kind == "authors"
    pool = nn.MaxPool2d(3, 2, padding=0 if as_authors else 1, ceil_mode=as_authors)
    return [Step(ConvNormAct(in_channels, channels, 7, stride=2), 2, channels), Step(pool, 2, channels)]


def _head(num_classes: int, dropout: float) -> Callable[[int], nn.Sequential]:
    return lambda channels: nn.Sequential(nn.Dropout(dropout), nn.Linear(channels, num_classes))


def _network(
    steps: list[Step],
    stages: Sequence[Stage],
    repeats: Sequence[int],
    block: Block,
    width: float,
    head: Callable[[int], nn.Sequential],
) -> Classifier:
    for stage, number in zip(stages, repeats, strict=True):
        for index in range(number):
            stride = stage.stride if index == 0 else 1
            steps.append(block(steps[-1].channels, make_divisible(stage.channels * width), stride))
    return Classifier(steps, nn.Identity(), head(steps[-1].channels))


for prefix, kind in NAMED.items():
    for depth in (18, 34):
        builder(f"{prefix}resnet{depth}")(partial(basic_resnet, REPEATS[depth], attention=kind))
    for depth in (50, 101):
        builder(f"{prefix}resnet{depth}")(partial(bottleneck_resnet, REPEATS[depth], attention=kind))
    builder(f"{prefix}resnet18_cifar")(partial(cifar_resnet, STAGES, REPEATS[18], attention=kind))
for prefix, kind in (("", "none"), ("se_", "se")):
    builder(f"{prefix}resnet152")(partial(bottleneck_resnet, REPEATS[152], attention=kind))
    for depth in (50, 101):
        builder(f"{prefix}resnext{depth}_32x4d")(partial(bottleneck_resnet, REPEATS[depth], *RESNEXT, attention=kind))
builder("se_resnet20_cifar")(partial(cifar_resnet, CIFAR, (3, 3, 3), attention="se"))
builder("se_resnet56_cifar")(partial(cifar_resnet, CIFAR, (9, 9, 9), attention="se"))

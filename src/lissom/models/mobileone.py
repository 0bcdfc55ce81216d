"""MobileOne: Vasu, Gabriel, Zhu, Tuzel, Ranjan. "MobileOne: An Improved One Millisecond Mobile Backbone", CVPR 2023,
arXiv 2206.04040.

As the authors' code and timm's `mobileone_s0` to `_s4`, whose weights fit in the order of their keys. Published figures
are those of the fused network, `lissom.models.fuse`. Widths beside those of the five sizes are not the paper's; their
channels are multiples of 8.
"""

from functools import partial
from typing import NamedTuple

from torch import nn

from lissom.blocks.channels import make_divisible
from lissom.blocks.mobileone import MobileOneUnit
from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.models.classifier import Classifier, Step, cifar_strides
from lissom.models.registry import builder


class Size(NamedTuple):
    """A column of table 2."""

    channels: tuple[int, int, int, int]
    branches: int = 1
    gated: tuple[int, int, int, int] = (0, 0, 0, 0)
    """How many of each stage's last blocks have squeeze-and-excitation."""


DEPTHS = (2, 8, 10, 1)
STEM, REDUCTION = 64, 16
SIZES = {
    "s0": Size((48, 128, 256, 1024), branches=4),
    "s1": Size((96, 192, 512, 1280)),
    "s2": Size((96, 256, 640, 2048)),
    "s3": Size((128, 320, 768, 2048)),
    "s4": Size((192, 448, 896, 2048), gated=(0, 0, 5, 1)),
}


def mobileone(
    size: str, cifar: bool, *, num_classes: int, in_channels: int, width: float, dropout: float = 0.0
) -> Classifier:
    """The network of a column. cifar: for 32x32 images, with stride 1 in the stem and in the first stage."""
    channels, branches, gated = SIZES[size]
    outs = [make_divisible(out * width) for out in channels]
    strides = [2] * (1 + len(DEPTHS))
    first, *others = cifar_strides(strides) if cifar else strides
    stem = min(STEM, outs[0])
    steps = [Step(MobileOneUnit(in_channels, stem, 3, stride=first), first, stem)]
    for depth, out, stride, with_gate in zip(DEPTHS, outs, others, gated, strict=True):
        for index in range(depth):
            steps += _block(steps[-1].channels, out, stride if index == 0 else 1, branches, index >= depth - with_gate)
    return Classifier(
        steps, nn.Identity(), nn.Sequential(nn.Dropout(dropout), nn.Linear(outs[-1], num_classes)), stem="stem"
    )


def _block(channels: int, out: int, stride: int, branches: int, gated: bool) -> list[Step]:
    """A filter for each channel, then the 1x1 unit that mixes them."""
    depthwise = MobileOneUnit(
        channels, channels, 3, stride=stride, groups=channels, branches=branches, gate=_gate(channels, gated)
    )
    pointwise = MobileOneUnit(channels, out, 1, branches=branches, gate=_gate(out, gated))
    return [Step(depthwise, stride, channels), Step(pointwise, 1, out)]


def _gate(channels: int, gated: bool) -> nn.Module | None:
    return SqueezeExcitation(channels, make_divisible(channels / REDUCTION)) if gated else None


for _size in SIZES:
    builder(f"mobileone_{_size}")(partial(mobileone, _size, False))
builder("mobileone_s0_cifar")(partial(mobileone, "s0", True, dropout=0.0))

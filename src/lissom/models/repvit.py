"""RepViT: Wang, Chen, Lin, Han, Ding. "RepViT: Revisiting Mobile CNN From ViT Perspective", CVPR 2024,
arXiv 2307.09283.

As timm's `repvit_m0_9` to `_m1_5`, whose weights fit in the order of their keys. Published figures are those of the
fused network, `lissom.models.fuse`, trained with a teacher through a second head, `distilled=True`: in use the mean of
both heads is taken. Without a teacher one head does.
"""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lissom.blocks.channels import make_divisible
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.fused import FusedLinear, factors, fused_linear
from lissom.blocks.repvit import RepViTBlock, RepViTDownsample
from lissom.models.classifier import Classifier, Step
from lissom.models.registry import builder


class Size(NamedTuple):
    """Channels and depths of the four stages."""

    channels: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]


SIZES = {
    "m0_9": Size((48, 96, 192, 384), (2, 2, 14, 2)),
    "m1_0": Size((56, 112, 224, 448), (2, 2, 14, 2)),
    "m1_1": Size((64, 128, 256, 512), (2, 2, 12, 2)),
    "m1_5": Size((64, 128, 256, 512), (4, 4, 24, 4)),
}


class NormLinear(nn.Module):
    """A batch norm, then a linear layer. `B in -> B out`"""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(in_features)
        self.linear = nn.Linear(in_features, out_features)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.norm(x))

    @torch.no_grad()
    def fuse(self) -> FusedLinear:
        """The norm folded into the linear layer."""
        scale, shift = factors(self.norm)
        weight = self.linear.weight
        return fused_linear(weight * scale, self.linear.bias + weight @ shift)


class TwoHeads(nn.Module):
    """The mean of a head's answers and of those of one that learned from a teacher. `B in -> B out`"""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.own = NormLinear(in_features, out_features)
        self.distilled = NormLinear(in_features, out_features)

    def forward(self, x: Tensor) -> Tensor:
        return (self.own(x) + self.distilled(x)) / 2

    @torch.no_grad()
    def fuse(self) -> FusedLinear:
        """One linear layer."""
        own, distilled = self.own.fuse(), self.distilled.fuse()
        return fused_linear((own.weight + distilled.weight) / 2, (own.bias + distilled.bias) / 2)


def repvit(
    size: str,
    cifar: bool,
    *,
    num_classes: int,
    in_channels: int,
    width: float,
    distilled: bool = False,
    dropout: float = 0.0,
) -> Classifier:
    """The network of a size. distilled: with the second head. cifar: for 32x32 images, with a stem of stride 1."""
    channels, depths = (tuple(make_divisible(out * width) for out in SIZES[size].channels), SIZES[size].depths)
    stride, first = (1 if cifar else 2), channels[0]
    steps = [
        Step(ConvNormAct(in_channels, first // 2, stride=stride, act=nn.GELU), stride, first // 2),
        Step(ConvNormAct(first // 2, first, stride=stride, act=None), stride, first),
    ]
    for stage, (out, depth) in enumerate(zip(channels, depths, strict=True)):
        if stage:
            before = steps[-1].channels
            steps += [Step(RepViTBlock(before), 1, before), Step(RepViTDownsample(before, out), 2, out)]
        gates = [make_divisible(out / 4) if index % 2 == 0 else 0 for index in range(depth)]
        steps += [Step(RepViTBlock(out, squeezed), 1, out) for squeezed in gates]
    head = (TwoHeads if distilled else NormLinear)(channels[-1], num_classes)
    classifier = "head.1" if distilled else "head.1.linear"
    return Classifier(steps, nn.Identity(), nn.Sequential(nn.Dropout(dropout), head), classifier=classifier)


for _size in SIZES:
    builder(f"repvit_{_size}")(partial(repvit, _size, False))
builder("repvit_m0_9_cifar")(partial(repvit, "m0_9", True, dropout=0.0))

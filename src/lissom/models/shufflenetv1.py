"""ShuffleNetV1: Zhang, Zhou, Lin, Sun. "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile
Devices", CVPR 2018, arXiv 1707.01083.

The bottleneck is a quarter of the unit's output, the concatenated input counted (section 3.3), so stage 2 must be a
multiple of 4 x groups: the accuracies that table 2 prints for 2 and 4 groups at widths .5 and .25 (100 channels for 2
groups at .5, say) belong to networks that are nowhere described, and asking for one is an error. The stem has 24 x
width channels, up to the next multiple of the groups (16 at .5 with 8 groups), and 24 at width 1.5, as in the authors'
code. Difference from that code: the classifier has a bias. Attention stands on the residual branch, before the addition
or the concatenation, as in SE-ResNet (arXiv 1709.01507, figure 3). Batch norm has eps 1e-5.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from torch import nn

from lissom.blocks.attention import attention as make_attention
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.shuffle_unit import ShuffleUnit
from lissom.errors import UsageError
from lissom.models.classifier import Classifier, Step
from lissom.models.registry import builder

STEM = 24  # times the width, but for one
STEMS = {1.5: 24}  # the authors' code, and table 5's 292 M: 36 channels would make them 300
STAGE_2 = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}  # table 1: groups, output channels; each later stage doubles them
REPEATS = (4, 8, 4)  # table 1, the unit of stride 2 counted
SHALLOW = (2, 4, 2)  # table 5: half of each stage's units


@builder("shufflenetv1")
def shufflenetv1(
    *,
    num_classes: int,
    in_channels: int,
    width: float,
    groups: int = 3,
    shallow: bool = False,
    shuffle: bool = True,
    attention: str = "none",
    dropout: float = 0.0,
) -> Classifier:
    """The network of table 1.

    shallow: half of the units (table 5); shuffle=False: groups that never mix (table 3).
    Raises: UsageError where that width does not divide by the groups, with the nearest that do.
    """
    layout = Layout("shufflenetv1", groups, width)
    layout.check()
    steps = [
        Step(ConvNormAct(in_channels, layout.stem, stride=2), 2, layout.stem),
        Step(nn.MaxPool2d(3, stride=2, padding=1), 2, layout.stem),
    ]
    unit = partial(ShuffleUnit, groups=groups, shuffle=shuffle)
    steps += _units(layout, SHALLOW if shallow else REPEATS, unit, attention)
    return _classifier(steps, num_classes, dropout)


builder("se_shufflenetv1")(partial(shufflenetv1, attention="se"))


@builder("shufflenetv1_cifar")
def shufflenetv1_cifar(
    *,
    num_classes: int,
    in_channels: int,
    width: float,
    groups: int = 2,
    bottleneck: str = "output",
    attention: str = "none",
    dropout: float = 0.0,
) -> Classifier:
    """For 32x32 images: a 1x1 stem of stride 1 and no pooling after it.

    bottleneck: a quarter of the unit's "output", as the paper, or of the "residual" branch's channels (output less
      input at stride 2), as the wide-spread port.
    Raises: UsageError where that width does not divide by the groups, with the nearest that do.
    """
    layout = Layout("shufflenetv1_cifar", groups, width, of_residual=bottleneck == "residual")
    layout.check()
    steps = [Step(ConvNormAct(in_channels, layout.stem, 1), 1, layout.stem)]
    steps += _units(layout, REPEATS, partial(ShuffleUnit, groups=groups), attention)
    return _classifier(steps, num_classes, dropout)


class Layout(NamedTuple):
    """The channels that groups and width ask for, and whether grouped convolutions can have them."""

    network: str
    groups: int
    width: float
    of_residual: bool = False  # the bottleneck is a quarter of the residual branch

    @property
    def stage_2(self) -> int:
        return round(STAGE_2[self.groups] * self.width)

    @property
    def stem(self) -> int:
        """The stem's channels are counted up to a multiple of the groups: so is, then, what stage 2 adds to them."""
        asked = STEMS.get(self.width, STEM * self.width)
        return math.ceil(round(asked / self.groups, 6)) * self.groups  # rounded: 24 x .35 / 3 is 2.8 and a little

    def bottleneck(self, before: int, out: int) -> int:
        return (out - before if self.of_residual and before < out else out) // 4

    def is_possible(self) -> bool:
        quartered = self.stage_2 - self.stem if self.of_residual else self.stage_2
        return quartered > 0 and quartered % (4 * self.groups) == 0 and self.stage_2 % (4 * self.groups) == 0

    def check(self) -> None:
        if not self.is_possible():
            near = ", ".join(f"{groups}: {self._nearest(groups):.4g}" for groups in STAGE_2)
            raise UsageError(
                "shuffle-groups",
                network=self.network,
                width=self.width,
                groups=self.groups,
                got=self.stage_2,
                near=near,
            )

    def _nearest(self, groups: int) -> float:
        """The possible width nearest to this one, for that many groups."""
        full = STAGE_2[groups]
        widths = [stage_2 / full for stage_2 in range(4 * groups, 16 * full + 1, 4 * groups)]
        possible = [w for w in widths if self._replace(groups=groups, width=w).is_possible()]
        return min(possible, key=lambda width: abs(width - self.width))


def _units(layout: Layout, repeats: tuple[int, ...], unit: Callable[..., nn.Module], attention: str) -> Iterator[Step]:
    before = layout.stem
    for stage, number in enumerate(repeats):
        out = layout.stage_2 * 2**stage
        for index in range(number):
            stride = 1 if index else 2
            gate = make_attention(attention, out - before if stride == 2 else out)
            made = unit(
                before,
                layout.bottleneck(before, out),
                out,
                stride=stride,
                grouped=stage + index > 0,  # stage 2's first unit has too few input channels (section 3.3)
                gate=gate,
            )
            yield Step(made, stride, out)
            before = out


def _classifier(steps: list[Step], num_classes: int, dropout: float) -> Classifier:
    head = nn.Sequential(nn.Dropout(dropout), nn.Linear(steps[-1].channels, num_classes))
    return Classifier(steps, nn.Identity(), head)

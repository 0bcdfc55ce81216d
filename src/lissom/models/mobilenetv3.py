"""MobileNetV3: Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le, Adam. "Searching for
MobileNetV3", ICCV 2019, arXiv 1905.02244.

As torchvision's `mobilenet_v3_large` and `_small`, whose weights fit in the order of their keys, at other widths with
`scale_head=True`. Differences from the paper, which torchvision shares: the two layers after the mean are linear, not
1x1 convolutions (the same function), and squeeze-and-excitation comes after the depthwise convolution's activation.
"""

from functools import partial
from typing import NamedTuple

from torch import nn

from lissom.blocks.channels import make_divisible
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.inverted_residual import InvertedResidual
from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.models.classifier import Classifier, Step, cifar_strides
from lissom.models.registry import builder


class Row(NamedTuple):
    """One line of tables 1 and 2, columns in the paper's order."""

    kernel: int
    expanded: int
    out: int
    se: bool
    act: type[nn.Module]
    stride: int


RE, HS = nn.ReLU, nn.Hardswish
NORM = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)  # not PyTorch's defaults: outputs change, counts do not
STEM = 16

# fmt: off
LARGE = [  # table 1
    #   k  exp  out  SE     NL  s     input
    Row(3, 16,  16,  False, RE, 1),  # 112² x 16
    Row(3, 64,  24,  False, RE, 2),  # 112² x 16
    Row(3, 72,  24,  False, RE, 1),  # 56² x 24
    Row(5, 72,  40,  True,  RE, 2),  # 56² x 24
    Row(5, 120, 40,  True,  RE, 1),  # 28² x 40
    Row(5, 120, 40,  True,  RE, 1),  # 28² x 40
    Row(3, 240, 80,  False, HS, 2),  # 28² x 40
    Row(3, 200, 80,  False, HS, 1),  # 14² x 80
    Row(3, 184, 80,  False, HS, 1),  # 14² x 80
    Row(3, 184, 80,  False, HS, 1),  # 14² x 80
    Row(3, 480, 112, True,  HS, 1),  # 14² x 80
    Row(3, 672, 112, True,  HS, 1),  # 14² x 112
    Row(5, 672, 160, True,  HS, 2),  # 14² x 112
    Row(5, 960, 160, True,  HS, 1),  # 7² x 160
    Row(5, 960, 160, True,  HS, 1),  # 7² x 160
]
SMALL = [  # table 2
    #   k  exp  out SE     NL  s     input
    Row(3, 16,  16, True,  RE, 2),  # 112² x 16
    Row(3, 72,  24, False, RE, 2),  # 56² x 16
    Row(3, 88,  24, False, RE, 1),  # 28² x 24
    Row(5, 96,  40, True,  HS, 2),  # 28² x 24
    Row(5, 240, 40, True,  HS, 1),  # 14² x 40
    Row(5, 240, 40, True,  HS, 1),  # 14² x 40
    Row(5, 120, 48, True,  HS, 1),  # 14² x 40
    Row(5, 144, 48, True,  HS, 1),  # 14² x 48
    Row(5, 288, 96, True,  HS, 2),  # 14² x 48
    Row(5, 576, 96, True,  HS, 1),  # 7² x 96
    Row(5, 576, 96, True,  HS, 1),  # 7² x 96
]
# fmt: on


class Scale(NamedTuple):
    """How a width changes the tables: the authors' code and torchvision differ, but not at width 1."""

    width: float
    as_torchvision: bool

    def expanded(self, printed: int, printed_in: int, channels: int) -> int:
        """The authors scale the table's ratio to the block's input, torchvision the printed number."""
        exact = printed * self.width if self.as_torchvision else printed * channels / printed_in
        return make_divisible(exact)

    def last(self, printed: int) -> int:
        """The authors keep the last layer for widths below 1."""
        return make_divisible(printed * (self.width if self.as_torchvision else max(1.0, self.width)))


def mobilenetv3(
    table: list[Row],
    last: int,
    cifar: bool,
    *,
    num_classes: int,
    in_channels: int,
    width: float,
    scale_head: bool = False,
    scale_stem: bool = True,
    reduced_tail: bool = False,
    dilated: bool = False,
    minimalistic: bool = False,
    last_stage: str = "efficient",
    dropout: float = 0.2,
) -> Classifier:
    """The network of `table`, with `last` channels before the classifier; for 32x32 images, `cifar`, with stride 1 in
    the stem and in the first row that has 2.

    scale_head: widths scale every printed number, the last layer's too, as torchvision does; else they scale the
      channels between blocks, expansions in proportion, and the last layer never falls below `last`, as the authors do.
    scale_stem: widths scale the stem too, as in both; else it keeps its 16 channels, as in timm's narrow networks.
    reduced_tail: half the channels from the last stride on, for detection and segmentation (section 6.3).
    dilated: instead of the last stride, the filters from there on are dilated by two (section 6.4).
    minimalistic: the authors' variant for simple hardware: no squeeze-and-excitation, ReLU, 3x3 filters.
    last_stage: "original" is MobileNetV2's way to end, figure 5 above; the paper shows it for the large network.
    """
    act = RE if minimalistic else HS
    rows = [row._replace(kernel=3, se=False, act=RE) for row in table] if minimalistic else table
    strides = [2, *(row.stride for row in rows)]
    first, *others = cifar_strides(strides) if cifar else strides
    rows = [row._replace(stride=stride) for row, stride in zip(rows, others, strict=True)]
    stem = make_divisible(STEM * width) if scale_stem else STEM
    steps = [Step(ConvNormAct(in_channels, stem, stride=first, act=act, norm=NORM), first, stem)]
    scale = Scale(width, scale_head)
    steps += _blocks(stem, rows, scale, reduced_tail, dilated)
    last = scale.last(last // 2 if reduced_tail else last)
    if last_stage == "original":
        steps.append(_original_last_block(steps[-1].channels, act, 2 if dilated else 1))
        expansion = ConvNormAct(steps[-1].channels, last, 1, act=act, norm=NORM)
        return Classifier(steps, expansion, nn.Sequential(nn.Dropout(dropout), nn.Linear(last, num_classes)))
    expanded = 6 * steps[-1].channels
    expansion = ConvNormAct(steps[-1].channels, expanded, 1, act=act, norm=NORM)
    head = nn.Sequential(nn.Linear(expanded, last), act(), nn.Dropout(dropout), nn.Linear(last, num_classes))
    return Classifier(steps, expansion, head)


def _blocks(stem: int, rows: list[Row], scale: Scale, reduced: bool, dilated: bool) -> list[Step]:
    last_stride = max(index for index, row in enumerate(rows) if row.stride == 2)
    steps = []
    printed_in, channels = STEM, stem
    for index, row in enumerate(rows):
        if reduced and index >= last_stride:
            row = row._replace(out=row.out // 2, expanded=row.expanded // (1 if index == last_stride else 2))
        dilation = 2 if dilated and index >= last_stride else 1
        out = make_divisible(row.out * scale.width)
        block = _block(channels, scale.expanded(row.expanded, printed_in, channels), out, row, dilation)
        steps.append(Step(block, 1 if dilation > 1 else row.stride, out))
        printed_in, channels = row.out, out
    return steps


def _block(channels: int, expanded: int, out: int, row: Row, dilation: int) -> InvertedResidual:
    gate = SqueezeExcitation(expanded, make_divisible(expanded // 4), gate=nn.Hardsigmoid) if row.se else None
    conv = partial(ConvNormAct, act=row.act, norm=NORM)
    return InvertedResidual(
        channels, expanded, out, kernel=row.kernel, stride=row.stride, dilation=dilation, gate=gate, conv=conv
    )


def _original_last_block(channels: int, act: type[nn.Module], dilation: int) -> Step:
    conv = partial(ConvNormAct, act=act, norm=NORM)
    out = 2 * channels  # 160 -> 960 -> 320
    return Step(InvertedResidual(channels, 6 * channels, out, dilation=dilation, conv=conv), 1, out)


builder("mobilenetv3_large")(partial(mobilenetv3, LARGE, 1280, False))
builder("mobilenetv3_small")(partial(mobilenetv3, SMALL, 1024, False))
builder("mobilenetv3_large_cifar")(partial(mobilenetv3, LARGE, 1280, True, dropout=0.0))
builder("mobilenetv3_small_cifar")(partial(mobilenetv3, SMALL, 1024, True, dropout=0.0))

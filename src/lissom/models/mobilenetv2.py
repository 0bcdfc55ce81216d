"""MobileNetV2: Sandler, Howard, Zhu, Zhmoginov, Chen. "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR
2018, arXiv 1801.04381.

As torchvision's `mobilenet_v2`, whose weights fit in the order of their keys. Batch norm has eps 1e-5.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from torch import Tensor, nn

from lissom.blocks.channels import make_divisible
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.inverted_residual import InvertedResidual
from lissom.models.classifier import Classifier, Step
from lissom.models.registry import builder


class Row(NamedTuple):
    """One line of table 2, columns in the paper's order."""

    factor: int  # t: expanded channels for each input channel
    out: int
    repeats: int
    stride: int  # of the first of them


STEM, LAST = 32, 1280

# fmt: off
ROWS = [  # table 2
    #   t  c    n  s    input
    Row(1, 16,  1, 1),  # 112² x 32
    Row(6, 24,  2, 2),  # 112² x 16
    Row(6, 32,  3, 2),  # 56² x 24
    Row(6, 64,  4, 2),  # 28² x 32
    Row(6, 96,  3, 1),  # 14² x 64
    Row(6, 160, 3, 2),  # 14² x 96
    Row(6, 320, 1, 1),  # 7² x 160
]
# fmt: on
PAPER_BLOCK = partial(InvertedResidual, conv=partial(ConvNormAct, act=nn.ReLU6))
CIFAR = [ROWS[0], ROWS[1]._replace(stride=1), *ROWS[2:]]


@builder("mobilenetv2")
def mobilenetv2(*, num_classes: int, in_channels: int, width: float, dropout: float = 0.2) -> Classifier:
    """The network of table 2; the last 1x1 convolution keeps its 1280 channels for widths below 1 (section 5)."""
    stem = _stem(in_channels, width, 2, nn.ReLU6)
    return _network([stem, *_steps(stem.channels, ROWS, width, PAPER_BLOCK)], num_classes, width, dropout, nn.ReLU6)


@builder("mobilenetv2_cifar")
def mobilenetv2_cifar(
    *, num_classes: int, in_channels: int, width: float, projection: bool = False, dropout: float = 0.0
) -> Classifier:
    """For 32x32 images: stem and second stage of stride 1; `projection=True`: the wide-spread port, with ReLU."""
    act = nn.ReLU if projection else nn.ReLU6
    block = ProjectedResidual if projection else PAPER_BLOCK
    stem = _stem(in_channels, width, 1, act)
    return _network([stem, *_steps(stem.channels, CIFAR, width, block)], num_classes, width, dropout, act)


class ProjectedResidual(nn.Module):
    """The wide-spread 32x32 port's block: always expands, and every block of stride 1 has a shortcut.

    The shortcut is a 1x1 convolution with a norm where channels differ. The paper has neither.
    `B in H W -> B out ceil(H / stride) ceil(W / stride)`
    """

    def __init__(self, in_channels: int, expanded: int, out_channels: int, *, stride: int) -> None:
        super().__init__()
        self.expand = ConvNormAct(in_channels, expanded, 1)
        self.depthwise = ConvNormAct(expanded, expanded, stride=stride, groups=expanded)
        self.project = ConvNormAct(expanded, out_channels, 1, act=None)
        changes = stride == 1 and in_channels != out_channels
        self.shortcut = ConvNormAct(in_channels, out_channels, 1, act=None) if changes else nn.Identity()
        self.is_residual = stride == 1

    def forward(self, x: Tensor) -> Tensor:
        out = self.project(self.depthwise(self.expand(x)))
        return self.shortcut(x) + out if self.is_residual else out


def _stem(in_channels: int, width: float, stride: int, act: type[nn.Module]) -> Step:
    channels = make_divisible(STEM * width)
    return Step(ConvNormAct(in_channels, channels, stride=stride, act=act), stride, channels)


def _steps(
    channels: int,
    rows: list[Row],
    width: float,
    block: Callable[..., nn.Module],
) -> Iterator[Step]:
    for row in rows:
        for index in range(row.repeats):
            stride = row.stride if index == 0 else 1
            out = make_divisible(row.out * width)
            yield Step(block(channels, channels * row.factor, out, stride=stride), stride, out)
            channels = out


def _network(steps: list[Step], num_classes: int, width: float, dropout: float, act: type[nn.Module]) -> Classifier:
    last = make_divisible(LAST * max(1.0, width))
    expansion = ConvNormAct(steps[-1].channels, last, 1, act=act)
    head = nn.Sequential(nn.Dropout(dropout), nn.Linear(last, num_classes))
    return Classifier(steps, expansion, head)

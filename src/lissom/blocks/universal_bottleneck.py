"""The blocks of MobileNetV4."""

from collections.abc import Callable

from torch import Tensor, nn

from lissom.blocks.channels import make_divisible
from lissom.blocks.conv import ConvNormAct

Conv = Callable[..., ConvNormAct]


class UniversalBottleneck(nn.Module):
    """The universal inverted bottleneck: a filter for each channel before the expansion, one after it, both or none.

    MobileNetV4 (arXiv 2404.10518), section 3 and figure 3. `first` and `mid` are the sides of the two filters, 0 for
    none: both make ExtraDW, the mid one alone an inverted bottleneck, the first one alone ConvNext, none a
    feed-forward layer. Neither the first filter nor the projection is activated; the mid filter has the stride, or
    where there is none the first. A shortcut stands where input and output have the same shape.
    `B in H W -> B out ceil(H / stride) ceil(W / stride)`
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        first: int,
        mid: int,
        expansion: float,
        stride: int = 1,
        conv: Conv = ConvNormAct,
    ) -> None:
        super().__init__()
        expanded = make_divisible(in_channels * expansion)
        early = stride if not mid else 1
        self.first = _filter(conv, in_channels, first, early) if first else nn.Identity()
        self.expand = conv(in_channels, expanded, 1)
        self.mid = conv(expanded, expanded, mid, stride=stride, groups=expanded) if mid else nn.Identity()
        self.project = conv(expanded, out_channels, 1, act=None)
        self.is_residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        out = self.project(self.mid(self.expand(self.first(x))))
        return x + out if self.is_residual else out


def _filter(conv: Conv, channels: int, kernel: int, stride: int) -> ConvNormAct:
    """For each channel, without activation."""
    return conv(channels, channels, kernel, stride=stride, groups=channels, act=None)


class FusedBottleneck(nn.Module):
    """A full convolution that expands, then a 1x1 one that projects without activation: FusedIB of the same section.

    `B in H W -> B out ceil(H / stride) ceil(W / stride)`
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int,
        expansion: float,
        stride: int,
        conv: Conv = ConvNormAct,
    ) -> None:
        super().__init__()
        expanded = make_divisible(in_channels * expansion)
        self.expand = conv(in_channels, expanded, kernel, stride=stride)
        self.project = conv(expanded, out_channels, 1, act=None)
        self.is_residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        out = self.project(self.expand(x))
        return x + out if self.is_residual else out

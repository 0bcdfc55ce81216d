"""What YOLOv5's model files are made of: cross-stage partial blocks, pyramid pooling, ghosts; from their papers."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from lissom.blocks.conv import ConvNormAct

yolo_norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.03)
yolo_conv = partial(ConvNormAct, norm=yolo_norm, act=nn.SiLU)
"""Convolution, batch norm with YOLOv5's constants, SiLU."""


class Bottleneck(nn.Module):
    """1x1, then 3x3, and a shortcut where asked for and where the shapes allow it: YOLOv3 (arXiv 1804.02767), figure 1.

    `B in H W -> B out H W`, with `int(expansion x out)` channels between.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, shortcut: bool = True, groups: int = 1, expansion: float = 0.5
    ) -> None:
        super().__init__()
        hidden = int(expansion * out_channels)
        self.reduce = yolo_conv(in_channels, hidden, 1)
        self.expand = yolo_conv(hidden, out_channels, 3, groups=groups)
        self.is_residual = shortcut and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        out = self.expand(self.reduce(x))
        return x + out if self.is_residual else out


class CrossStage(nn.Module):
    """Two 1x1 convolutions beside each other, `inner(hidden)` after the first, a 1x1 convolution over both: C3.

    CSPNet (arXiv 1911.11929), figure 2 b, in the form of three convolutions. `B in H W -> B out H W`
    """

    def __init__(
        self, in_channels: int, out_channels: int, inner: Callable[[int], nn.Module], *, expansion: float = 0.5
    ) -> None:
        super().__init__()
        hidden = int(expansion * out_channels)
        self.work = nn.Sequential(yolo_conv(in_channels, hidden, 1), inner(hidden))
        self.pass_by = yolo_conv(in_channels, hidden, 1)
        self.join = yolo_conv(2 * hidden, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.join(torch.cat([self.work(x), self.pass_by(x)], 1))


class SplitStage(nn.Module):
    """The older form with four convolutions: both ways end in a plain 1x1 convolution, and one norm and SiLU stand over
    them together: BottleneckCSP.

    CSPNet (arXiv 1911.11929), figure 2 b. `B in H W -> B out H W`
    """

    def __init__(
        self, in_channels: int, out_channels: int, inner: Callable[[int], nn.Module], *, expansion: float = 0.5
    ) -> None:
        super().__init__()
        hidden = int(expansion * out_channels)
        plain = partial(nn.Conv2d, out_channels=hidden, kernel_size=1, bias=False)
        self.work = nn.Sequential(yolo_conv(in_channels, hidden, 1), inner(hidden), plain(hidden))
        self.pass_by = plain(in_channels)
        self.norm, self.act = yolo_norm(2 * hidden), nn.SiLU()
        self.join = yolo_conv(2 * hidden, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.join(self.act(self.norm(torch.cat([self.work(x), self.pass_by(x)], 1))))


class PyramidPooling(nn.Module):
    """Maxima over several windows beside the map itself: SPP (arXiv 1406.4729) in YOLOv3's form, all equally large.

    `chained`: windows that follow each other, so that three of 5 pixels see 5, 9 and 13 at a third of the comparisons
    (SPPF); the maxima are the same. `B in H W -> B out H W`
    """

    def __init__(self, in_channels: int, out_channels: int, kernels: Sequence[int], *, chained: bool) -> None:
        super().__init__()
        hidden = in_channels // 2
        self.reduce = yolo_conv(in_channels, hidden, 1)
        self.pools = nn.ModuleList(nn.MaxPool2d(kernel, 1, kernel // 2) for kernel in kernels)
        self.join = yolo_conv(hidden * (len(kernels) + 1), out_channels, 1)
        self.chained = chained

    def forward(self, x: Tensor) -> Tensor:
        maps = [self.reduce(x)]
        for pool in self.pools:
            maps.append(pool(maps[-1] if self.chained else maps[0]))
        return self.join(torch.cat(maps, 1))


class GhostConv(nn.Module):
    """Half of the channels by a convolution, the other half from these by a 5x5 filter of each.

    GhostNet (arXiv 1911.11907), figure 2 b, with any kernel and stride. `B in H W -> B out H/stride W/stride`
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int = 1,
        *,
        stride: int = 1,
        groups: int = 1,
        act: Callable[[], nn.Module] | None = nn.SiLU,
    ) -> None:
        super().__init__()
        half = out_channels // 2
        self.primary = yolo_conv(in_channels, half, kernel, stride=stride, groups=groups, act=act)
        self.cheap = yolo_conv(half, half, 5, groups=half, act=act)

    def forward(self, x: Tensor) -> Tensor:
        primary = self.primary(x)
        return torch.cat([primary, self.cheap(primary)], 1)


class GhostUnit(nn.Module):
    """Two ghost convolutions with a strided filter of each channel between at stride 2; plus a shortcut.

    GhostNet (arXiv 1911.11907), figure 3, at half of the output's width between. At stride 1 the shortcut passes what
    came in, so that the channels must be the same. `B in H W -> B out H/stride W/stride`
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 3, *, stride: int = 1) -> None:
        super().__init__()
        half = out_channels // 2
        self.widen = GhostConv(in_channels, half)
        self.depthwise = _filter(half, kernel, stride) if stride == 2 else nn.Identity()
        self.narrow = GhostConv(half, out_channels, act=None)
        self.shortcut = nn.Identity()
        if stride == 2:
            pointwise = yolo_conv(in_channels, out_channels, 1, act=None)
            self.shortcut = nn.Sequential(_filter(in_channels, kernel, stride), pointwise)

    def forward(self, x: Tensor) -> Tensor:
        return self.narrow(self.depthwise(self.widen(x))) + self.shortcut(x)


def _filter(channels: int, kernel: int, stride: int) -> ConvNormAct:
    return yolo_conv(channels, channels, kernel, stride=stride, groups=channels, act=None)

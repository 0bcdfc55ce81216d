"""GhostNet's module and block."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from lissom.blocks.conv import ConvNormAct


class GhostModule(nn.Module):
    """A 1x1 convolution makes 1 / ratio of the channels, a cheap filter of each makes the others from them.

    GhostNet (arXiv 1911.11907), section 3.1 and figure 2 b. With m = ceil(out / ratio) and a cheap filter of d x d:
    `H W (in m + d² m (ratio - 1))` MACs, about 1 / ratio of the convolution's (section 3.2, equation 4). Where ratio
    does not divide `out`, a few ghosts are made and cut off, as in the authors' code. `B in H W -> B out H W`
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        ratio: int = 2,
        kernel: int = 3,
        act: Callable[[], nn.Module] | None = nn.ReLU,
    ) -> None:
        super().__init__()
        intrinsic = math.ceil(out_channels / ratio)
        self.primary = ConvNormAct(in_channels, intrinsic, 1, act=act)
        self.cheap = ConvNormAct(intrinsic, intrinsic * (ratio - 1), kernel, groups=intrinsic, act=act)
        self.out_channels = out_channels

    def forward(self, x: Tensor) -> Tensor:
        intrinsic = self.primary(x)
        return torch.cat([intrinsic, self.cheap(intrinsic)], 1)[:, : self.out_channels]


class GhostBottleneck(nn.Module):
    """A ghost module widens, a strided filter of each channel, a gate, a ghost module narrows; plus a shortcut.

    GhostNet (arXiv 1911.11907), section 3.3 and figure 3. The filter is there at stride 2 only. Where shapes differ the
    shortcut is a filter of each channel with the stride, then a 1x1 convolution. `attend` weighs the widened map, by
    what came in: GhostNetV2 (arXiv 2211.12905), figure 4. `B in H W -> B out ceil(H / stride) ceil(W / stride)`
    """

    def __init__(
        self,
        in_channels: int,
        expanded: int,
        out_channels: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        gate: nn.Module | None = None,
        attend: nn.Module | None = None,
        ghost: Callable[..., nn.Module] = GhostModule,
    ) -> None:
        super().__init__()
        self.widen = ghost(in_channels, expanded)
        self.attend = attend
        self.depthwise = nn.Identity() if stride == 1 else depthwise(expanded, kernel, stride)
        self.gate = gate or nn.Identity()
        self.narrow = ghost(expanded, out_channels, act=None)
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            pointwise = ConvNormAct(in_channels, out_channels, 1, act=None)
            self.shortcut = nn.Sequential(depthwise(in_channels, kernel, stride), pointwise)

    def forward(self, x: Tensor) -> Tensor:
        wide = self.widen(x)
        if self.attend is not None:
            wide = wide * self.attend(x)
        return self.narrow(self.gate(self.depthwise(wide))) + self.shortcut(x)


def depthwise(channels: int, kernel: int, stride: int) -> ConvNormAct:
    return ConvNormAct(channels, channels, kernel, stride=stride, groups=channels, act=None)

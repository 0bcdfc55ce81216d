"""Convolution, norm, activation: the unit that every other block is made of."""

from collections.abc import Callable

from torch import Tensor, nn

from lissom.blocks.fused import folded, fused_conv


class ConvNormAct(nn.Module):
    """A convolution without bias, padded by `dilation (kernel - 1) / 2`, then a norm, then an activation or none.

    Batch norm after every convolution: MobileNetV1 (arXiv 1704.04861), figure 3.
    `B in H W -> B out ceil(H / stride) ceil(W / stride)` for an odd kernel.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int | tuple[int, int] = 3,
        *,
        stride: int | tuple[int, int] = 1,
        dilation: int = 1,
        groups: int = 1,
        act: Callable[[], nn.Module] | None = nn.ReLU,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        high, wide = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        padding = dilation * (high - 1) // 2, dilation * (wide - 1) // 2
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel, stride, padding, dilation=dilation, groups=groups, bias=False
        )
        self.norm = norm(out_channels)
        self.act = act() if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))

    def fuse(self) -> nn.Module:
        """The norm folded into the convolution, where it is batch norm; else the same."""
        if not isinstance(self.norm, nn.BatchNorm2d):
            return self
        conv = fused_conv(self.conv, *folded(self.conv, self.norm))
        return conv if isinstance(self.act, nn.Identity) else nn.Sequential(conv, self.act)

"""MobileNetV1's block."""

from collections.abc import Callable

from torch import Tensor, nn

from lissom.blocks.conv import ConvNormAct


class DepthwiseSeparable(nn.Module):
    """A filter for each channel, then a 1x1 convolution that mixes them: arXiv 1704.04861, section 3.1.

    Attention weighs what the filters give, and what the mixing gives; by default there is none.
    Costs `H W in (k² + out)` MACs at the output's H and W, a convolution `H W in k² out`.
    `B in H W -> B out ceil(H / stride) ceil(W / stride)`
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        act: Callable[[], nn.Module] = nn.ReLU,
        attention: tuple[nn.Module | None, nn.Module | None] = (None, None),
    ) -> None:
        super().__init__()
        filtered, mixed = attention
        self.depthwise = ConvNormAct(in_channels, in_channels, kernel, stride=stride, groups=in_channels, act=act)
        self.attend_filtered = filtered or nn.Identity()
        self.pointwise = ConvNormAct(in_channels, out_channels, 1, act=act)
        self.attend_mixed = mixed or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.attend_mixed(self.pointwise(self.attend_filtered(self.depthwise(x))))

"""MobileNetV1's block."""

from collections.abc import Callable

from torch import Tensor, nn

from lissom.blocks.conv import ConvNormAct


class DepthwiseSeparable(nn.Module):
    """A 3x3 filter for each channel, then a 1x1 convolution that mixes them: arXiv 1704.04861, section 3.1.

    Costs `H W in (9 + out)` MACs at the output's H and W, a convolution `H W in 9 out`.
    `B in H W -> B out ceil(H / stride) ceil(W / stride)`
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int = 1, act: Callable[[], nn.Module] = nn.ReLU
    ) -> None:
        super().__init__()
        self.depthwise = ConvNormAct(in_channels, in_channels, stride=stride, groups=in_channels, act=act)
        self.pointwise = ConvNormAct(in_channels, out_channels, 1, act=act)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))

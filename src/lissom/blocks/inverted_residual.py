"""The block of MobileNetV2 and V3."""

from collections.abc import Callable

from torch import Tensor, nn

from lissom.blocks.conv import ConvNormAct


class InvertedResidual(nn.Module):
    """Expand with 1x1, filter each channel, gate, project with 1x1 and no activation: narrow ends, wide middle.

    MobileNetV2 (arXiv 1801.04381), section 3.3 and table 1; the gate is a squeeze-and-excitation between filter and
    projection, MobileNetV3 (arXiv 1905.02244), section 5.3. The expansion is left out where it would not widen
    (V2: factor 1), and the shortcut is there where input and output have the same shape. A dilation above 1 takes the
    stride's place (V3, section 6.4): the map keeps its size, and a block of stride 2 still has no shortcut.
    `B in H W -> B out ceil(H / stride) ceil(W / stride)`
    """

    def __init__(
        self,
        in_channels: int,
        expanded: int,
        out_channels: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        dilation: int = 1,
        gate: nn.Module | None = None,
        conv: Callable[..., ConvNormAct] = ConvNormAct,
    ) -> None:
        super().__init__()
        widens = expanded != in_channels
        self.expand = conv(in_channels, expanded, 1) if widens else nn.Identity()
        step = 1 if dilation > 1 else stride
        self.depthwise = conv(expanded, expanded, kernel, stride=step, dilation=dilation, groups=expanded)
        self.gate = gate or nn.Identity()
        self.project = conv(expanded, out_channels, 1, act=None)
        self.is_residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        out = self.project(self.gate(self.depthwise(self.expand(x))))
        return x + out if self.is_residual else out

"""ResNet's blocks, with a place for attention."""

from torch import Tensor, nn

from lissom.blocks.conv import ConvNormAct


class Residual(nn.Module):
    """What the body gives, weighed by attention, is added to the shortcut; then ReLU.

    ResNet (arXiv 1512.03385), section 3.2, equation 2; SENet (arXiv 1709.01507), figure 3, and CBAM (arXiv 1807.06521),
    figure 3, weigh at the same place. The shortcut is a 1x1 convolution with a norm where the shape changes ("option
    B"). `B in H W -> B out ceil(H / stride) ceil(W / stride)`
    """

    def __init__(
        self, body: nn.Module, attention: nn.Module, *, in_channels: int, out_channels: int, stride: int
    ) -> None:
        super().__init__()
        self.body = body
        self.attention = attention
        changes = stride > 1 or in_channels != out_channels
        self.shortcut = ConvNormAct(in_channels, out_channels, 1, stride=stride, act=None) if changes else nn.Identity()
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.attention(self.body(x)) + self.shortcut(x))


def basic_block(
    in_channels: int, out_channels: int, attention: nn.Module, *, stride: int = 1, branch_act: bool = False
) -> Residual:
    """Two 3x3 convolutions: figure 5, left. branch_act: ReLU after the second too, before the attention."""
    act = nn.ReLU if branch_act else None
    body = nn.Sequential(
        ConvNormAct(in_channels, out_channels, stride=stride), ConvNormAct(out_channels, out_channels, act=act)
    )
    return Residual(body, attention, in_channels=in_channels, out_channels=out_channels, stride=stride)


def bottleneck(
    in_channels: int,
    inner: int,
    out_channels: int,
    attention: nn.Module,
    *,
    stride: int = 1,
    groups: int = 1,
    stride_in: str = "3x3",
) -> Residual:
    """1x1 to `inner`, 3x3, 1x1 to the output: figure 5, right; groups above 1: ResNeXt (arXiv 1611.05431), figure 3c.

    stride_in: "1x1", the first convolution, as the authors' networks, or "3x3", as torchvision's: the same parameters,
    more MACs.
    """
    first, second = (stride, 1) if stride_in == "1x1" else (1, stride)
    body = nn.Sequential(
        ConvNormAct(in_channels, inner, 1, stride=first),
        ConvNormAct(inner, inner, stride=second, groups=groups),
        ConvNormAct(inner, out_channels, 1, act=None),
    )
    return Residual(body, attention, in_channels=in_channels, out_channels=out_channels, stride=stride)

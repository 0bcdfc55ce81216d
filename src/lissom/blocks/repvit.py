"""RepViT's blocks: a token mixer that fuses to one filter, and a channel mixer."""

import torch
from torch import Tensor, nn

from lissom.blocks.conv import ConvNormAct
from lissom.blocks.fused import FusedConv, factors, folded, fused_conv, identity_kernel, widened
from lissom.blocks.squeeze_excitation import SqueezeExcitation


class RepFilter(nn.Module):
    """A normed 3x3 filter, a 1x1 one and the input itself, for each channel, added up and normed.

    RepViT (arXiv 2307.09283), section 3.2; the authors' later networks have the norm after the sum.
    `B C H W -> B C H W`
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.wide = ConvNormAct(channels, channels, 3, groups=channels, act=None)
        self.point = nn.Conv2d(channels, channels, 1, groups=channels)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.wide(x) + self.point(x) + x)

    @torch.no_grad()
    def fuse(self) -> FusedConv:
        """One 3x3 filter."""
        like = self.wide.conv
        kernel, bias = folded(like, self.wide.norm)  # type: ignore[arg-type]
        assert self.point.bias is not None
        kernel = kernel + widened(self.point.weight, 3) + identity_kernel(like)
        scale, shift = factors(self.norm)
        return fused_conv(like, kernel * scale[:, None, None, None], (bias + self.point.bias) * scale + shift)


class ChannelMixer(nn.Module):
    """Two 1x1 convolutions that widen and narrow, with a shortcut: section 3.2. `B C H W -> B C H W`"""

    def __init__(self, channels: int, expansion: int = 2) -> None:
        super().__init__()
        self.widen = ConvNormAct(channels, expansion * channels, 1, act=nn.GELU)
        self.narrow = ConvNormAct(expansion * channels, channels, 1, act=None)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.narrow(self.widen(x))


class RepViTBlock(nn.Sequential):
    """Token mixer, squeeze-and-excitation or none, channel mixer. `B C H W -> B C H W`"""

    def __init__(self, channels: int, squeezed: int = 0) -> None:
        """squeezed: channels of the squeeze-and-excitation, 0 for none."""
        gate = SqueezeExcitation(channels, squeezed) if squeezed else nn.Identity()
        super().__init__(RepFilter(channels), gate, ChannelMixer(channels))


class RepViTDownsample(nn.Sequential):
    """A filter of stride 2 for each channel, a 1x1 convolution that widens, a channel mixer: section 3.3.

    `B in H W -> B out ceil(H / 2) ceil(W / 2)`
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            ConvNormAct(in_channels, in_channels, 3, stride=2, groups=in_channels, act=None),
            ConvNormAct(in_channels, out_channels, 1, act=None),
            ChannelMixer(out_channels),
        )

"""The 1-D CNN: Hu, Huang, Wei, Zhang, Li. "Deep Convolutional Neural Networks for Hyperspectral Image Classification",
Journal of Sensors 2015, 258619.

Five layers on the spectrum of one pixel, for any number of bands n: the kernel is n/9 bands, the pooling a fifth of
the kernel: 24 and 5 for 220 bands, 11 and 3 for 103. The pooling keeps the last, shorter group, so that 220 bands leave
40 positions. Weights start as PyTorch draws them.
"""

from math import ceil
from typing import NamedTuple

from torch import Tensor, nn

from lissom.models.registry import builder
from lissom.models.window_net import WindowNet


class Sizes(NamedTuple):
    """What follows from the number of bands."""

    kernel: int  # k1, bands
    pool: int  # k2, positions
    left: int  # n3, positions after the pooling


KERNELS, HIDDEN = 20, 100  # feature maps of C1, units of F4


def sizes(bands: int) -> Sizes:
    """k1, k2 and n3; from 1 band on."""
    kernel = max(1, bands // 9)
    pool = ceil(kernel / 5)
    return Sizes(kernel, pool, ceil((bands - kernel + 1) / pool))


class Spectral(nn.Module):
    """A convolution along the spectrum and a maximum over its neighbours. `B bands H W -> B 20 n3 H W`, folded"""

    def __init__(self, bands: int, maps: int) -> None:
        super().__init__()
        kernel, pool, _ = sizes(bands)
        self.conv = nn.Conv3d(1, maps, (kernel, 1, 1))
        self.act = nn.Tanh()
        self.pool = nn.MaxPool3d((pool, 1, 1), ceil_mode=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.act(self.conv(x.unsqueeze(1))))  # B 20 n3 H W
        return x.flatten(1, 2)  # B (20 n3) H W


@builder("cnn1d")
def cnn1d(*, num_classes: int, in_channels: int, width: float, window: int = 1) -> WindowNet:
    """`width` scales the feature maps and the hidden units."""
    maps, hidden = (max(1, round(channels * width)) for channels in (KERNELS, HIDDEN))
    return WindowNet(
        Spectral(in_channels, maps),
        nn.Linear(maps * sizes(in_channels).left, hidden),
        nn.Sequential(nn.Tanh(), nn.Linear(hidden, num_classes)),
        stem="conv",
        window=window,
        margin=0,
    )

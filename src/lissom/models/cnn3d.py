"""The 3-D CNN: Ben Hamida, Benoit, Lambert, Ben Amar. "3-D Deep Learning Approach for Remote Sensing Image
Classification", IEEE Transactions on Geoscience and Remote Sensing 2018, arXiv 1806.05824.

Its "pooling" layers are convolutions of stride 2 along the spectrum. Only the bands are padded, so that the network can
run over a whole scene; any window, where the paper has 5. It has one fully connected layer and no dropout.
"""

from typing import NamedTuple

from torch import Tensor, nn

from lissom.models.hybridsn import check_window
from lissom.models.registry import builder
from lissom.models.window_net import WindowNet


class Row(NamedTuple):
    """One 3-D convolution; bands are padded by 1 at both ends, rows and columns are not."""

    out: int
    bands: int  # kernel's depth
    kernel: int  # kernel's height and width
    stride: int  # along the bands


# fmt: off
ROWS = [
    #   out b  k  s    input, channels x bands x window²
    Row(20, 3, 3, 1),  # 1 x 200 x 5²
    Row(20, 3, 1, 2),  # 20 x 200 x 3²
    Row(35, 3, 3, 1),  # 20 x 100 x 3²
    Row(35, 3, 1, 2),  # 35 x 100 x 1²
    Row(35, 3, 1, 1),  # 35 x 50 x 1²
    Row(35, 2, 1, 2),  # 35 x 50 x 1², 26 bands are left
]
# fmt: on
MARGIN = 4


class Volumes(nn.Module):
    """The six convolutions, what is left of the bands folded into the channels. `B bands H W -> B C H-4 W-4`"""

    def __init__(self, width: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for row in ROWS:
            out = scaled(row.out, width)
            size, step = (row.bands, row.kernel, row.kernel), (row.stride, 1, 1)
            layers += [nn.Conv3d(channels, out, size, step, padding=(1, 0, 0)), nn.ReLU()]
            channels = out
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x.unsqueeze(1)).flatten(1, 2)  # B 1 bands H W -> B (35 left) H W


def left(bands: int) -> int:
    """Bands after the last convolution."""
    for row in ROWS:
        bands = (bands + 2 - row.bands) // row.stride + 1
    return bands


def scaled(channels: int, width: float) -> int:
    return max(1, round(channels * width))


@builder("cnn3d")
def cnn3d(*, num_classes: int, in_channels: int, width: float, window: int = 5) -> WindowNet:
    """`width` scales every convolution."""
    check_window("cnn3d", window, MARGIN + 1)
    flat = scaled(ROWS[-1].out, width) * left(in_channels) * (window - MARGIN) ** 2
    return WindowNet(
        Volumes(width),
        nn.Linear(flat, num_classes),
        nn.Identity(),
        stem="layers.0",
        window=window,
        margin=MARGIN,
    )

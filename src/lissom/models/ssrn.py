"""SSRN: Zhong, Li, Luo, Chapman. "Spectral-Spatial Residual Network for Hyperspectral Image Classification: A 3-D Deep
Learning Framework", IEEE Transactions on Geoscience and Remote Sensing 2018, 56(2).

Figure 3, for any number of bands and any window: residual blocks along the spectrum, then in the plane. Batch norm
after every convolution, whose bias is kept, with eps 1e-3: Keras's defaults, in which the authors wrote it. Inside the
blocks the window itself is padded, which makes a feature depend on where the window ends, and the last map is averaged:
the network sees one window at a time.
"""

from typing import NamedTuple

from torch import Tensor, nn

from lissom.errors import UsageError
from lissom.models.hybridsn import check_window
from lissom.models.registry import builder
from lissom.models.window_net import WindowNet


class Row(NamedTuple):
    """One stage of figure 3."""

    out: int
    bands: int  # kernel's depth; 0: all that are there
    kernel: int  # kernel's height and width
    stride: int  # along the bands
    blocks: int  # residual blocks that follow, two convolutions each


# fmt: off
ROWS = [
    #   out  b  k  s  blocks  input, channels x bands x window²
    Row(24,  7, 1, 2, 2),   # 1 x 200 x 7²; the blocks' kernels are 7x1x1 over 24 x 97 x 7²
    Row(128, 0, 1, 1, 0),   # 24 x 97 x 7²
    Row(24,  0, 3, 1, 2),   # 1 x 128 x 7², maps taken as bands; the blocks' kernels are 3x3 over 24 x 5²
]
# fmt: on
EPS = 1e-3


def unit(
    channels: int, out: int, kernel: tuple[int, int, int], *, stride: int = 1, same: bool = False
) -> nn.Sequential:
    """Convolution and norm; `same` pads rows, columns and bands so that the size stays."""
    padding = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2) if same else (0, 0, 0)
    return nn.Sequential(
        nn.Conv3d(channels, out, kernel, (stride, 1, 1), padding),
        nn.BatchNorm3d(out, eps=EPS),
    )


class Residual(nn.Module):
    """Figures 1 and 2: two convolutions and the identity. `B C b H W -> B C b H W`"""

    def __init__(self, channels: int, kernel: tuple[int, int, int]) -> None:
        super().__init__()
        first, second = (unit(channels, channels, kernel, same=True) for _ in range(2))
        self.layers = nn.Sequential(first, nn.ReLU(), second)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x + self.layers(x))


class SpectralThenSpatial(nn.Module):
    """All before the fully connected layer. `B bands S S -> B 24 1 1`"""

    def __init__(self, bands: int, widths: tuple[int, int, int]) -> None:
        super().__init__()
        spectral, squeeze, spatial = ROWS
        thin, maps, last = widths
        depth = (bands - spectral.bands) // spectral.stride + 1
        along = (spectral.bands, 1, 1)
        self.spectral = nn.Sequential(
            unit(1, thin, along, stride=spectral.stride), nn.ReLU(),
            *(Residual(thin, along) for _ in range(spectral.blocks)),
            unit(thin, maps, (depth, squeeze.kernel, squeeze.kernel)), nn.ReLU(),
        )  # fmt: skip
        plane = (1, spatial.kernel, spatial.kernel)
        self.spatial = nn.Sequential(
            unit(1, last, (maps, *plane[1:])), nn.ReLU(),
            *(Residual(last, plane) for _ in range(spatial.blocks)),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        x = self.spectral(x.unsqueeze(1))  # B 1 bands S S -> B 128 1 S S
        x = self.spatial(x.transpose(1, 2))  # B 1 128 S S -> B 24 1 S-2 S-2
        return x.mean((3, 4))[..., None]  # B 24 1 1


@builder("ssrn")
def ssrn(*, num_classes: int, in_channels: int, width: float, window: int = 7) -> WindowNet:
    """`width` scales every convolution."""
    spectral = ROWS[0]
    if in_channels < spectral.bands:
        raise UsageError("bands-too-few", network="ssrn", got=in_channels, smallest=spectral.bands)
    check_window("ssrn", window, ROWS[2].kernel)
    thin, maps, last = (max(1, round(row.out * width)) for row in ROWS)
    return WindowNet(
        SpectralThenSpatial(in_channels, (thin, maps, last)),
        nn.Linear(last, num_classes),
        nn.Identity(),
        stem="spectral.0.0",
        window=window,
        margin=window - 1,
        why_not_dense="padding",
    )

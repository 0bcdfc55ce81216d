"""HybridSN: Roy, Krishna, Dubey, Chaudhuri. "HybridSN: Exploring 3-D-2-D CNN Feature Hierarchy for Hyperspectral Image
Classification", IEEE Geoscience and Remote Sensing Letters 2020, arXiv 1902.06701.

As table I, for any window, number of components and classes; the width of the first fully connected layer is derived
(ports that fix it at 18,496 fail elsewhere). Not in the paper: `batch_norm` after every convolution, as course notes
add it, and `attention` on the last map, before it is flattened.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lissom.blocks.attention import attention as attention_block
from lissom.blocks.fourier import tile_of
from lissom.blocks.fused import Affine, folded
from lissom.blocks.spectral_convolution import spectral_convolution
from lissom.errors import UsageError
from lissom.models.registry import builder
from lissom.models.window_net import WindowNet


class Row(NamedTuple):
    """One 3-D convolution of table I, valid, stride 1."""

    out: int
    bands: int  # kernel's depth
    kernel: int  # kernel's height and width


# fmt: off
ROWS = [  # table I
    #   out bands k    input, channels x bands x window²
    Row(8,  7,    3),  # 1 x 30 x 25²
    Row(16, 5,    3),  # 8 x 24 x 23²
    Row(32, 3,    3),  # 16 x 20 x 21²
]
# fmt: on
FLAT = 64  # channels of the 2-D convolution, 3x3, over 32 x 18 = 576 folded ones
HIDDEN = (256, 128)
MARGIN = 8  # four 3x3 convolutions
STRIP = 48  # rows of the map at a time, for which all that lies between fits into a large cache; 8 rows come twice
SPENT = sum(row.bands - 1 for row in ROWS)  # bands


class SpectralSpatial(nn.Module):
    """3-D convolutions, bands and channels folded together, a 2-D convolution. `B bands H W -> B 64 H-8 W-8`"""

    def __init__(self, bands: int, batch_norm: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for row in ROWS:
            layers.append(nn.Conv3d(channels, row.out, (row.bands, row.kernel, row.kernel)))
            layers += [nn.BatchNorm3d(row.out), nn.ReLU()] if batch_norm else [nn.ReLU()]
            channels = row.out
        self.spectral = nn.Sequential(*layers)
        norm = [nn.BatchNorm2d(FLAT)] if batch_norm else []
        self.spatial = nn.Sequential(nn.Conv2d(channels * (bands - SPENT), FLAT, 3), *norm, nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        x = self.spectral(x.unsqueeze(1))  # B 1 bands H W -> B C bands' H' W'
        return self.spatial(x.flatten(1, 2))  # B (C bands') H' W'

    def forward_scene(self, x: Tensor) -> Tensor:
        """The same for one large image, in the forms and memory layouts that are fastest there.

        While gradients are taken it stays as it is written: another order of its sums turns some of the 15 million
        ReLUs, and gradients would differ by 1e-3 from those of the windows. `bands H W -> 64 H-8 W-8`
        """
        if torch.is_grad_enabled():
            first, *others = self.spectral
            maps = first(x[None, None]).contiguous(memory_format=torch.channels_last_3d)  # 1 C bands' H' W'
            for layer in others:
                maps = layer(maps)
            return self.spatial(maps.contiguous().flatten(1, 2))[0]
        *spectral, (weight, bias) = [*_affine(self.spectral), *_affine(self.spatial)]
        by_band = weight.unflatten(1, (spectral[-1][0].shape[0], -1)).transpose(1, 2).flatten(1, 2)  # O (bands' C) k k
        last = (by_band.contiguous(memory_format=torch.channels_last), bias)
        height, width = x.shape[1] - MARGIN, x.shape[2] - MARGIN
        out = x.new_empty(height, width, len(weight))
        rows = tile_of(height, STRIP)
        for top in range(0, height, rows):
            out[top : top + rows] = _rows(x[:, top : top + rows + MARGIN], spectral, last)
        return out.permute(2, 0, 1)


def _rows(x: Tensor, spectral: list[Affine], last: Affine) -> Tensor:
    """`bands h W -> h-8 W-8 64`: without a norm, and every ReLU in the place of its input."""
    maps = x[..., None]  # bands h W C
    for weight, bias in spectral:
        maps = spectral_convolution(maps, weight, bias).relu_()
    folded = maps.permute(1, 2, 0, 3).flatten(2)  # h W (bands C)
    return F.conv2d(folded.permute(2, 0, 1)[None], *last)[0].relu_().permute(1, 2, 0)


def _affine(layers: nn.Sequential) -> list[Affine]:
    """Each convolution, with the norm behind it folded in."""
    found: list[Affine] = []
    for layer, behind in pairwise(layers):
        if isinstance(layer, nn.Conv2d | nn.Conv3d):
            assert layer.bias is not None
            norm = isinstance(behind, nn.BatchNorm2d | nn.BatchNorm3d)
            found.append(folded(layer, behind) if norm else (layer.weight, layer.bias))
    return found


@builder("hybridsn")
def hybridsn(
    *,
    num_classes: int,
    in_channels: int,
    width: float,
    window: int = 25,
    batch_norm: bool = False,
    attention: str = "none",
    dropout: float = 0.4,
) -> WindowNet:
    """Table I; `width` scales the hidden layers alone, since the table has nothing else that the paper varies."""
    if in_channels <= SPENT:
        raise UsageError("bands-too-few", network="hybridsn", got=in_channels, smallest=SPENT + 1)
    check_window("hybridsn", window, MARGIN + 1)
    first, second = (max(1, round(channels * width)) for channels in HIDDEN)
    rest = nn.Sequential(
        nn.ReLU(), nn.Dropout(dropout), nn.Linear(first, second),
        nn.ReLU(), nn.Dropout(dropout), nn.Linear(second, num_classes),
    )  # fmt: skip
    return WindowNet(
        SpectralSpatial(in_channels, batch_norm),
        nn.Linear(FLAT * (window - MARGIN) ** 2, first),
        rest,
        stem="spectral.0",
        window=window,
        margin=MARGIN,
        gate=None if attention == "none" else attention_block(attention, FLAT),
    )


def check_window(network: str, window: int, smallest: int) -> None:
    """Raises: UsageError for an even window, which has no middle pixel, and for one that the network uses up."""
    if window % 2 == 0:
        raise UsageError("window-even", network=network, got=window, near=f"{window - 1}, {window + 1}")
    if window < smallest:
        raise UsageError("window-too-small", network=network, got=window, smallest=smallest)

"""HybridSN: Roy, Krishna, Dubey, Chaudhuri. "HybridSN: Exploring 3-D-2-D CNN Feature Hierarchy for Hyperspectral Image
Classification", IEEE Geoscience and Remote Sensing Letters 2020, arXiv 1902.06701.

As table I, for any window, number of components and classes; the width of the first fully connected layer is derived
(ports that fix it at 18,496 fail elsewhere). Not in the paper: `batch_norm` after every convolution, as course notes
add it, and `attention` on the last map, before it is flattened.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from lissom.blocks.attention import attention as attention_block
from lissom.blocks.spectral_correlation import spectral_correlation
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

        With one input channel a 3-D convolution is a 2-D one from bands to maps; with 8 and 16 channels-last is faster,
        which for windows it is not. While gradients are taken the first one stays 3-D: another order of its sums turns
        some of the 15 million ReLUs that follow, and gradients would differ by 1e-3 from those of the windows.
        `bands H W -> 64 H-8 W-8`
        """
        first, *others = self.spectral
        assert isinstance(first, nn.Conv3d)
        if torch.is_grad_enabled():
            x = first(x[None, None])
        else:
            x = spectral_correlation(x, first.weight, first.bias).unsqueeze(0)  # 1 C bands' H' W'
        x = x.contiguous(memory_format=torch.channels_last_3d)
        for layer in others:
            x = layer(x)
        return self.spatial(x.contiguous().flatten(1, 2))[0]


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

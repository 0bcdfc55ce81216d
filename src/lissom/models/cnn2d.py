"""The 2-D CNN: Makantasis, Karantzalos, Doulamis, Doulamis. "Deep Supervised Learning for Hyperspectral Data
Classification through Convolutional Neural Networks", IGARSS 2015.

Two convolutions and two fully connected layers, in multiples of the number of principal components; any window, where
the paper has 5. The activations are ReLU, as in common reimplementations.
"""

from torch import nn

from lissom.models.hybridsn import check_window
from lissom.models.registry import builder
from lissom.models.window_net import WindowNet

# fmt: off
CONVOLUTIONS = (  # maps for each component; 3x3, valid
    #  input
    3,  # 5² x c
    9,  # 3² x 3c
)
# fmt: on
HIDDEN = 6  # units for each component, over 1² x 9c
MARGIN = 4


@builder("cnn2d")
def cnn2d(*, num_classes: int, in_channels: int, width: float, window: int = 5) -> WindowNet:
    """`width` scales every layer's multiple of the components."""
    check_window("cnn2d", window, MARGIN + 1)
    layers: list[nn.Module] = []
    channels = in_channels
    for factor in CONVOLUTIONS:
        out = max(1, round(factor * in_channels * width))
        layers += [nn.Conv2d(channels, out, 3), nn.ReLU()]
        channels = out
    hidden = max(1, round(HIDDEN * in_channels * width))
    return WindowNet(
        nn.Sequential(*layers),
        nn.Linear(channels * (window - MARGIN) ** 2, hidden),
        nn.Sequential(nn.ReLU(), nn.Linear(hidden, num_classes)),
        stem="0",
        window=window,
        margin=MARGIN,
    )

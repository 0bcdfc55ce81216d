"""GhostNetV2's attention."""

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate


class DFCAttention(nn.Module):
    """Weights for each channel and place, from far along the row and then along the column.

    Decoupled fully connected attention: GhostNetV2 (arXiv 2211.12905), section 4.1, and 4.2 for the map of half the
    size. As the authors' code: mean over 2x2, 1x1, a 1x5 and a 5x1 filter of each channel (not whole rows and columns)
    with norms and no activations, sigmoid, then each weight for the four pixels it was made from. A map of one pixel,
    which cannot be halved, keeps it. `B in H W -> B out H W`
    """

    def __init__(self, in_channels: int, out_channels: int, *, reach: int = 5) -> None:
        super().__init__()
        self.mix = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.mix_norm = nn.BatchNorm2d(out_channels)
        self.row = line(out_channels, (1, reach))
        self.row_norm = nn.BatchNorm2d(out_channels)
        self.column = line(out_channels, (reach, 1))
        self.column_norm = nn.BatchNorm2d(out_channels)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        half = avg_pool2d(x, (min(2, height), min(2, width)))  # B in H/2 W/2, rounded down
        mixed = self.mix_norm(self.mix(half))
        weights = self.column_norm(self.column(self.row_norm(self.row(mixed))))
        return interpolate(self.gate(weights), size=(height, width), mode="nearest")


def line(channels: int, kernel: tuple[int, int]) -> nn.Conv2d:
    padding = (kernel[0] // 2, kernel[1] // 2)
    return nn.Conv2d(channels, channels, kernel, padding=padding, groups=channels, bias=False)

"""SpectralFormer: Hong, Han, Yao, Gao, Zhang, Plaza, Chanussot. "SpectralFormer: Rethinking Hyperspectral Image
Classification with Transformers", IEEE Transactions on Geoscience and Remote Sensing 2022, 60, arXiv 2107.02988.

Written from the paper, for any number of bands and any window; window 1 is its pixel-wise form. What it leaves open:
beyond the first and the last band these are repeated; in the fusion of two encoders' outputs, whose kernel is 1 x 2,
the tokens are the channels, which gives the 198,197 parameters that an independent implementation prints for 128 bands,
4 classes and window 1 (github.com/odelolajosh/brain-vision, docs/model_summaries.md); the paper prints none. Position
and class token start as in ViT. `fusion=False` leaves the plain encoders of the paper's ablation.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lissom.blocks.encoder import Encoder
from lissom.models.hybridsn import check_window
from lissom.models.registry import builder
from lissom.models.window_net import WindowNet

# section IV: five encoders of four heads, 64 channels a token, 8 inside the layers on each token
DEPTH, HEADS, CHANNELS, HIDDEN = 5, 4, 64, 8
SPREAD = 0.02  # of what position and class token start with
PIXELS_AT_ONCE = 256  # of a scene: some 50 kB each for 200 bands


class Fusion(nn.Module):
    """Cross-layer adaptive fusion: an encoder's output and that of the one before the last, mixed. `B T C` twice"""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.mix = nn.Conv1d(2 * tokens, tokens, 1)

    def forward(self, x: Tensor, earlier: Tensor) -> Tensor:
        return self.mix(torch.cat([x, earlier], 1))


class Encoders(nn.Module):
    """Encoder after encoder; from the third one on, each sees a fusion of two outputs. `B T C -> B T C`"""

    def __init__(self, tokens: int, channels: int, hidden: int, *, fusion: bool, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            Encoder(channels, heads=HEADS, hidden=hidden, dropout=dropout) for _ in range(DEPTH)
        )
        self.fusions = nn.ModuleList(Fusion(tokens) for _ in range(DEPTH - 2) if fusion)

    def forward(self, x: Tensor) -> Tensor:
        outputs = [x]
        for place, layer in enumerate(self.layers):
            if self.fusions and place >= 2:
                x = self.fusions[place - 2](x, outputs[place - 2])
            x = layer(x)
            outputs.append(x)
        return x


class SpectralTransformer(nn.Module):
    """Each band with its neighbours is a token, by the whole window; the class token's answer for every position.

    Nothing is padded in the plane, so a scene gives at each pixel what its window gives.
    `B bands H W -> B C H-margin W-margin`
    """

    def __init__(
        self, bands: int, channels: int, hidden: int, *, window: int, group: int, fusion: bool, dropout: float
    ) -> None:
        super().__init__()
        self.margin, self.beyond = window - 1, group // 2
        self.embed = nn.Conv3d(1, channels, (group, window, window))  # group-wise spectral embedding
        self.token = nn.Parameter(SPREAD * torch.randn(1, 1, channels))
        self.position = nn.Parameter(SPREAD * torch.randn(1, bands + 1, channels))
        self.dropout = nn.Dropout(dropout)
        self.encoders = Encoders(bands + 1, channels, hidden, fusion=fusion, dropout=dropout)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        ends = (0, 0, 0, 0, self.beyond, self.beyond)
        x = self.embed(F.pad(x.unsqueeze(1), ends, mode="replicate"))  # B C bands h w
        height, width = x.shape[3:]
        x = x.permute(0, 3, 4, 2, 1).flatten(0, 2)  # (B h w) bands C
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)  # (B h w) bands+1 C
        x = self.encoders(self.dropout(x + self.position))
        x = self.norm(x[:, 0])  # (B h w) C
        return x.unflatten(0, (-1, height, width)).permute(0, 3, 1, 2)  # B C h w

    def forward_scene(self, x: Tensor) -> Tensor:
        """The same for one large image, a few rows at a time. `bands H W -> C H-margin W-margin`"""
        height, width = (side - self.margin for side in x.shape[1:])
        rows = max(1, PIXELS_AT_ONCE // width)
        cuts = [*range(0, height, rows), height]
        return torch.cat([self(x[None, :, top : end + self.margin])[0] for top, end in pairwise(cuts)], 1)


@builder("spectralformer")
def spectralformer(
    *,
    num_classes: int,
    in_channels: int,
    width: float,
    window: int = 7,
    group: int = 3,
    fusion: bool = True,
    dropout: float = 0.1,
) -> WindowNet:
    """`width` scales the channels of a token, by whole heads, and those inside the layers on each token."""
    check_window("spectralformer", window, 1)
    channels = HEADS * max(1, round(CHANNELS // HEADS * width))
    hidden = max(1, round(HIDDEN * width))
    return WindowNet(
        SpectralTransformer(in_channels, channels, hidden, window=window, group=group, fusion=fusion, dropout=dropout),
        nn.Linear(channels, num_classes),
        nn.Identity(),
        stem="embed",
        window=window,
        margin=window - 1,
    )

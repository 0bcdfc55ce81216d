"""The encoder of a transformer: attention of tokens to each other, then a network on each."""

from torch import Tensor, nn
from torch.nn import functional as F


class SelfAttention(nn.Module):
    """Each token takes from all of them what their keys answer to its query. `B T C -> B T C`

    Queries, keys and values are one layer without bias; scores are scaled by the root of a head's channels.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.qkv(x).unflatten(-1, (3, self.heads, -1))  # B T 3 heads c
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind()  # B heads T c each
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.project(mixed.transpose(1, 2).flatten(2))  # B T (heads c)


class Encoder(nn.Module):
    """ViT (arXiv 2010.11929), figure 1: attention, then two layers with GELU between; each behind a norm and added.

    `hidden` is the width between the two layers. `B T C -> B T C`
    """

    def __init__(self, channels: int, *, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.LayerNorm(channels), SelfAttention(channels, heads))
        self.each = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, hidden), nn.GELU(), nn.Dropout(dropout),
            nn.Linear(hidden, channels), nn.Dropout(dropout),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(x)
        return x + self.each(x)

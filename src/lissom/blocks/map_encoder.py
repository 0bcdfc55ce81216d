"""A transformer over the positions of a map, without norms, as YOLOv5's files have it."""

from torch import Tensor, nn
from torch.nn import functional as F


class MapLayer(nn.Module):
    """Attention, then two linear layers, each added to what came in. `B T C -> B T C`

    ViT (arXiv 2010.11929), figure 1, less its norms and GELU. Queries, keys and values have two linear layers each, the
    second with bias: that of the row form, and attention's own.
    """

    def __init__(self, channels: int, *, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before = nn.ModuleList(nn.Linear(channels, channels, bias=False) for _ in range(3))
        self.inside = nn.ModuleList(nn.Linear(channels, channels) for _ in range(3))
        self.project = nn.Linear(channels, channels)
        self.each = nn.Sequential(
            nn.Linear(channels, channels, bias=False),
            nn.Linear(channels, channels, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        given = [second(first(x)) for first, second in zip(self.before, self.inside, strict=True)]
        query, key, value = (each.unflatten(-1, (self.heads, -1)).transpose(1, 2) for each in given)  # B heads T c
        mixed = F.scaled_dot_product_attention(query, key, value)
        x = x + self.project(mixed.transpose(1, 2).flatten(2))
        return x + self.each(x)


class MapEncoder(nn.Module):
    """Positions as tokens, a linear layer of each added to it in place of an embedding, then the layers.

    `B C H W -> B C H W`
    """

    def __init__(self, channels: int, *, heads: int, layers: int) -> None:
        super().__init__()
        self.position = nn.Linear(channels, channels)
        self.layers = nn.Sequential(*(MapLayer(channels, heads=heads) for _ in range(layers)))

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)  # B HW C
        tokens = self.layers(tokens + self.position(tokens))
        return tokens.transpose(1, 2).reshape(x.shape)

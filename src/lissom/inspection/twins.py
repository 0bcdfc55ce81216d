"""Feature maps that are nearly the same: GhostNet (arXiv 1911.11907), figure 1, which shows such pairs in ResNet-50.

Two channels of a block are twins when the cosine between their maps, over all images and positions, each less its
mean, exceeds 0.95. Without the means a map of any positive values would be like any other. Channels that are constant
are twins of none: `kernels` counts those.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lissom.inspection.watching import Watcher

ALIKE = 0.95
FLAT = 1e-6  # of the block's largest variance: below it a channel counts as constant
SHOWN = 6


class Pair(NamedTuple):
    """Two channels and the cosine between their maps."""

    first: int
    second: int
    cosine: float


class Gram:
    """Sums and products of channels over all that is watched: `B C H W -> C C`."""

    def __init__(self) -> None:
        self._positions = 0
        self._sum: Tensor | None = None
        self._products: Tensor | None = None

    def __call__(self, given: Tensor, made: Tensor) -> None:
        flat = made.transpose(0, 1).flatten(1)  # B C H W -> C BHW
        products, total = (flat @ flat.mT).cpu().double(), flat.sum(1).cpu().double()  # mps has no float64
        self._products = products if self._products is None else self._products + products
        self._sum = total if self._sum is None else self._sum + total
        self._positions += flat.shape[1]

    def cosines(self) -> Tensor:
        """Between the maps less their means, C C; 0 for a channel that is constant, and on the diagonal."""
        assert self._products is not None, "nothing was watched"
        assert self._sum is not None
        mean = self._sum / self._positions
        covariance = self._products / self._positions - mean[:, None] * mean
        variance = covariance.diagonal().clamp_min(0)
        varies = variance > FLAT * variance.max()
        scale = torch.where(varies, variance, 1).rsqrt() * varies
        cosines = (covariance * scale[:, None] * scale).clamp(-1, 1)
        return cosines.fill_diagonal_(0)


def blocks(model: nn.Module) -> list[str]:
    """Names of the stem and of each block of a network that keeps the model contract, or of the one that is its
    `backbone`; none for another module."""
    of_it = getattr(model, "backbone", None)
    whose, prefix = (of_it, "backbone.") if isinstance(of_it, nn.Module) else (model, "")
    inner = getattr(whose, "blocks", None)
    if not isinstance(inner, nn.Sequential):
        return []
    return [f"{prefix}stem", *(f"{prefix}blocks.{number}" for number in range(len(inner)))]


class Twins:
    """Watches what the stem and every block give."""

    def __init__(self, model: nn.Module) -> None:
        self._grams = {name: Gram() for name in blocks(model)}
        self.watchers: dict[str, Watcher] = dict(self._grams)

    def result(self) -> list[dict[str, Any]]:
        """A row for each block: channels, pairs of twins, share of channels with a twin, the largest cosine."""
        return [_row(name, gram.cosines()) for name, gram in self._grams.items()]

    def best(self, name: str) -> list[Pair]:
        """The most alike channels of the block `name`."""
        return best_pairs(self._grams[name].cosines())


def _row(name: str, cosines: Tensor) -> dict[str, Any]:
    alike = cosines > ALIKE
    return {
        "block": name,
        "channels": len(cosines),
        "pairs": int(alike.sum()) // 2,
        "twinned": float(alike.any(1).double().mean()),
        "largest_cosine": float(cosines.max()),
    }


def best_pairs(cosines: Tensor, most: int = SHOWN) -> list[Pair]:
    """The most alike first, each channel in one pair at most: from `C C`."""
    left = cosines.clone().fill_diagonal_(-2)
    pairs = []
    for _ in range(min(most, len(cosines) // 2)):
        first, second = divmod(int(left.argmax()), len(left))
        pairs.append(Pair(min(first, second), max(first, second), float(left[first, second])))
        left[[first, second]] = -2
        left[:, [first, second]] = -2
    return pairs

"""What the activations of one's own network lose, on one's own images.

zero_share:  share of all outputs that are zero.
silent:      share of channels that are zero everywhere, for all images.
lost:        share of the variance before the activation that no linear map brings back from what comes after it: the
             measured counterpart of MobileNetV2's figure 1 (arXiv 1801.04381, section 3.2), where T's pseudo-inverse is
             such a map. The map is fitted to every other image and judged on the rest. Independent normal channels
             of mean zero lose 1 - (1/4) / (1/2 - 1/(2 pi)) = 26.65 % at any width; maps that lie in few dimensions
             and are taken to many, as an inverted residual does, lose less.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from lissom.blocks.cbam import ChannelAttention
from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.inspection.watching import RECTIFIERS, Watcher

POSITIONS = 16  # of each image at most, evenly spaced: neighbours are nearly the same
ROWS_PER_CHANNEL = 8  # positions that a fit needs for each channel: its own noise then adds a seventh to what is lost
RIDGE = 1e-6  # of the mean variance: silent channels leave the fit undetermined
INDEPENDENT = 1 - 0.25 / (0.5 - 1 / (2 * math.pi))


class Fit:
    """Sums for a least-squares map from `Y` to `X`, rows of C channels each, gathered a batch at a time."""

    def __init__(self) -> None:
        self.rows = 0
        self._sums: list[Tensor] = []

    def add(self, x: Tensor, y: Tensor) -> None:
        """`R C` and `R C`, float64."""
        sums = [x.sum(0), y.sum(0), x.square().sum(0), y.mT @ x, y.mT @ y]
        self._sums = [old + new for old, new in zip(self._sums, sums, strict=True)] if self._sums else sums
        self.rows += len(x)

    def moments(self) -> tuple[Tensor, Tensor, Tensor]:
        """Variances of X (C), covariances of Y with X (C C) and of Y with Y (C C)."""
        x, y, xx, yx, yy = (total / self.rows for total in self._sums)
        return xx - x.square(), yx - y[:, None] * x, yy - y[:, None] * y


class Seen:
    """What one activation did: counts of zeros, the greatest value of each channel, sums for the map back."""

    def __init__(self) -> None:
        self.values = self.zeros = 0
        self.largest: Tensor | None = None  # C
        self.fits = (Fit(), Fit())  # of every other image, and of the rest
        self._images = 0

    def __call__(self, given: Tensor, made: Tensor) -> None:
        if made.ndim != 4:  # a vector in the head, no map
            return
        self.values += made.numel()
        self.zeros += int((made == 0).sum())
        largest = made.abs().amax((0, 2, 3))
        self.largest = largest if self.largest is None else torch.maximum(self.largest, largest)
        first = self._images % 2
        for half, fit in enumerate(self.fits):
            start = (first + half) % 2
            if start < len(made):
                fit.add(_rows(given[start::2]), _rows(made[start::2]))
        self._images += len(made)

    def lost(self) -> float | None:
        """Share of the variance that the fitted map does not bring back, 0 to 1; None: too few positions for a fit."""
        fit, judge = self.fits
        channels = 0 if self.largest is None else len(self.largest)
        if min(fit.rows, judge.rows) < ROWS_PER_CHANNEL * channels:
            return None
        _, yx, yy = fit.moments()
        ridge = RIDGE * float(yy.diagonal().mean()) + 1e-30
        back = torch.linalg.solve(yy + ridge * torch.eye(channels, dtype=yy.dtype, device=yy.device), yx)  # C C
        variance, yx, yy = judge.moments()
        left = variance.sum() - 2 * (back * yx).sum() + (back * (yy @ back)).sum()
        return min(1.0, max(0.0, float(left / variance.sum().clamp_min(1e-30))))


def _rows(maps: Tensor) -> Tensor:
    """Channels at positions spaced evenly over each image: `B C H W -> R C`, float64 on the CPU: mps has none."""
    flat = maps.flatten(2)  # B C HW
    positions = torch.linspace(0, flat.shape[2] - 1, min(POSITIONS, flat.shape[2]), device=maps.device).round().long()
    return flat[:, :, positions].transpose(1, 2).flatten(0, 1).cpu().double()


class Activations:
    """Watches every activation of a feature map; those inside squeeze-and-excitation and CBAM see no map."""

    def __init__(self, model: nn.Module) -> None:
        inside = _inside_attention(model)
        modules = [(name, module) for name, module in model.named_modules() if isinstance(module, RECTIFIERS)]
        self._kinds = {name: type(module).__name__ for name, module in modules if module not in inside}
        self._seen = {name: Seen() for name in self._kinds}
        self.watchers: dict[str, Watcher] = dict(self._seen)

    def result(self) -> list[dict[str, Any]]:
        """A row for each activation, in the network's order."""
        return [
            {
                "layer": name,
                "kind": self._kinds[name],
                "channels": len(seen.largest),
                "zero_share": seen.zeros / seen.values,
                "silent": float((seen.largest == 0).double().mean()),
                "lost": seen.lost(),
            }
            for name, seen in self._seen.items()
            if seen.largest is not None
        ]


def _inside_attention(model: nn.Module) -> set[nn.Module]:
    blocks = [module for module in model.modules() if isinstance(module, SqueezeExcitation | ChannelAttention)]
    return {inner for block in blocks for inner in block.modules()}

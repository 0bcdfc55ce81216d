"""What ReLU loses by width: MobileNetV2 (arXiv 1801.04381), figure 1.

A spiral in the plane is taken into n dimensions by a random matrix T, ReLU is applied, and T's pseudo-inverse brings it
back. Two figures, both means over many T with independent normal entries:

error:      root mean square distance between the spiral and what came back, after the best scale, as a share of the
            spiral's own size. Scale is left out because it is no loss: ReLU(y) = (y + |y|) / 2, and for large n the
            second half vanishes in the mean, so that half of the spiral comes back, undistorted.
collapsed:  share of points with fewer than two positive coordinates, from which no method could bring two back. Each
            coordinate is positive with probability 1/2, so (n + 1) / 2^n of the points are expected to collapse.
"""

from typing import NamedTuple

import torch
from torch import Tensor

WIDTHS = (2, 3, 5, 15, 30)  # the paper's
POINTS = 500
TURNS = 2.5
DRAWS = 200


class Loss(NamedTuple):
    """What ReLU in n dimensions loses of a spiral; shares from 0 to 1."""

    width: int
    error: float
    low: float  # 5th percentile of the error over the draws
    high: float  # 95th
    collapsed: float
    expected_collapsed: float


def spiral(points: int = POINTS) -> Tensor:
    """Archimedes' spiral about the origin, outermost radius 1: `points 2`."""
    angle = torch.linspace(0, 2 * torch.pi * TURNS, points, dtype=torch.float64)
    radius = angle / angle[-1]
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


def matrices(width: int, draws: int, seed: int = 0) -> Tensor:
    """Independent normal entries: `draws n 2`."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(draws, width, 2, generator=generator, dtype=torch.float64)


def there_and_back(points: Tensor, matrix: Tensor) -> Tensor:
    """`P 2` by ReLU in the n dimensions of `matrix` (`... n 2`), and back by its pseudo-inverse: `... P 2`."""
    wide = (points @ matrix.mT).relu()  # ... P n
    return wide @ torch.linalg.pinv(matrix).mT


def rescaled(points: Tensor, back: Tensor) -> Tensor:
    """`back` (`... P 2`) by the one factor that brings it nearest to `points`; all zeros stay so."""
    overlap = (points * back).sum((-2, -1), keepdim=True)
    return back * overlap / back.square().sum((-2, -1), keepdim=True).clamp_min(1e-30)


def error(points: Tensor, back: Tensor) -> Tensor:
    """Root mean square distance after the best scale, as a share of the points' own: `... P 2 -> ...`."""
    return ((points - rescaled(points, back)).square().sum((-2, -1)) / points.square().sum()).sqrt()


def collapsed(points: Tensor, matrix: Tensor) -> Tensor:
    """Share of points with fewer than two positive coordinates in n dimensions: `... n 2 -> ...`."""
    positive = (points @ matrix.mT > 0).sum(-1)  # ... P
    return (positive < 2).double().mean(-1)


def losses(widths: tuple[int, ...] = WIDTHS, *, draws: int = DRAWS, seed: int = 0) -> list[Loss]:
    """One row for each width."""
    points = spiral()[1:]  # the origin maps to itself
    rows = []
    for width in widths:
        drawn = matrices(width, draws, seed)
        errors = error(points, there_and_back(points, drawn))
        low, high = errors.quantile(torch.tensor([0.05, 0.95], dtype=torch.float64)).tolist()
        lost = float(collapsed(points, drawn).mean())
        rows.append(Loss(width, float(errors.mean()), low, high, lost, (width + 1) / 2**width))
    return rows

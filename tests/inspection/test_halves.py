"""What an activation loses is fitted on every other image and judged on the rest, whatever the batches."""

import numpy as np
import pytest
import torch
from torch import nn

from lissom.inspection.activations import Activations
from lissom.inspection.watching import watch

IMAGES = 81
DRAW = torch.Generator().manual_seed(0)
FIRST = torch.randn(IMAGES, 3, 4, 4, generator=DRAW)
MIXED = FIRST + torch.roll(FIRST, 1, 1) * (torch.arange(IMAGES) % 2).view(
    -1, 1, 1, 1
)  # other images than the even ones


def rows(images: torch.Tensor) -> np.ndarray:
    return images.permute(0, 2, 3, 1).reshape(-1, 3).double().numpy()


def lost(fit: torch.Tensor, judge: torch.Tensor) -> float:
    """Share of the variance of `judge` that least squares from `fit` do not bring back from its ReLU."""
    x, y = rows(fit), rows(fit.relu())
    back, *_ = np.linalg.lstsq(y - y.mean(0), x - x.mean(0), rcond=None)
    x, y = rows(judge), rows(judge.relu())
    left = (x - x.mean(0)) - (y - y.mean(0)) @ back
    return float((left**2).sum() / ((x - x.mean(0)) ** 2).sum())


@pytest.mark.parametrize("batch_size", [1, 2, 5, 7, 81])
def test_the_fit_sees_no_image_that_judges_it(batch_size: int) -> None:
    model = nn.Sequential(nn.ReLU())
    watcher = Activations(model)
    watch(model, MIXED.split(batch_size), [watcher.watchers])
    (row,) = watcher.result()
    even, odd = MIXED[::2], MIXED[1::2]
    assert row["lost"] == pytest.approx(lost(even, odd), abs=1e-5)
    for other in (lost(even, even), lost(odd, odd), lost(odd, even), lost(MIXED, MIXED)):
        assert abs(other - lost(even, odd)) > 1e-3

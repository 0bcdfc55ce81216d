"""Running statistics of a young run are plain averages, and those of an old one are the module's own."""

import pytest
import torch
from torch import nn

from lissom.engine.norms import YoungStatistics


def test_young_statistics_are_the_mean_of_all_batches_so_far() -> None:
    norm, batches = nn.BatchNorm2d(3, momentum=0.01), [torch.randn(4, 3, 5, 5) * 7 + 2 for _ in range(20)]
    young = YoungStatistics(norm)
    for number, batch in enumerate(batches):
        with young.at(number):
            norm(batch)
    means = torch.stack([batch.mean((0, 2, 3)) for batch in batches])
    variances = torch.stack([batch.var((0, 2, 3)) for batch in batches])
    torch.testing.assert_close(norm.running_mean, means.mean(0))
    torch.testing.assert_close(norm.running_var, variances.mean(0))


def test_without_it_the_start_is_still_there() -> None:
    norm = nn.BatchNorm2d(3, momentum=0.01)
    for _ in range(20):
        norm(torch.randn(4, 3, 5, 5) * 7 + 2)
    assert norm.running_mean is not None
    assert norm.running_mean.max() < 1  # a fifth of the way to 2


@pytest.mark.parametrize(("batch", "momentum"), [(0, 1.0), (4, 0.2), (9, 0.1), (10, 0.1), (1000, 0.1)])
def test_momentum_falls_to_the_modules_own_and_is_put_back(batch: int, momentum: float) -> None:
    norm = nn.BatchNorm2d(3, momentum=0.1)
    with YoungStatistics(norm).at(batch):
        assert norm.momentum == pytest.approx(momentum)
    assert norm.momentum == 0.1

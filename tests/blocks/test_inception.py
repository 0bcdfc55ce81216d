"""BN-Inception's module and its pooling."""

import pytest
import torch
from torch import nn

from lissom.blocks.inception import CeilMaxPool, Inception


def test_branches_stand_one_behind_the_other_and_are_weighed_together() -> None:
    halve = nn.Conv2d(5, 5, 1, groups=5, bias=False)
    nn.init.constant_(halve.weight, 0.5)
    one, two = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 3, 3, padding=1)
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(Inception([one, two], halve)(x), 0.5 * torch.cat([one(x), two(x)], 1))


@pytest.mark.parametrize("sides", [(8, 8), (4, 10), (2, 2)])
def test_of_even_sides_it_is_the_authors_pooling(sides: tuple) -> None:
    x = torch.randn(2, 3, *sides)
    assert torch.equal(CeilMaxPool()(x), nn.functional.max_pool2d(x, 3, 2, ceil_mode=True))


def test_an_odd_side_keeps_its_last_pixel() -> None:
    x = -torch.arange(1.0, 26).view(1, 1, 5, 5)  # all negative: a padding of zeros would win
    assert CeilMaxPool()(x).flatten().tolist() == [-1, -3, -5, -11, -13, -15, -21, -23, -25]


@pytest.mark.parametrize("side", range(1, 12))
def test_side_is_halved_and_rounded_up_as_beside_a_padded_convolution(side: int) -> None:
    assert CeilMaxPool()(torch.randn(1, 2, side, 8)).shape == (1, 2, -(-side // 2), 4)

"""Rectangles around pixels: each pixel in one of them, none overlapping."""

import pytest
import torch

from lissom.models.regions import Region, regions


def test_clusters_far_apart_get_a_rectangle_each() -> None:
    coords = torch.tensor([[1, 1], [3, 4], [50, 60], [52, 58]])
    assert sorted(regions(coords, 5, 80, 80)) == [Region(1, 4, 1, 5), Region(50, 53, 58, 61)]


@pytest.mark.parametrize("seed", range(8))
def test_each_pixel_is_in_exactly_one(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    coords = torch.randint(0, 100, (5 * seed + 1, 2), generator=draw)
    found = regions(coords, 4, 100, 100)
    assert (sum(region.holds(coords).long() for region in found) == 1).all()  # type: ignore[union-attr]
    assert all(region.holds(coords).any() for region in found)

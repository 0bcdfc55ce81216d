"""Fourier products over tiles are the correlation itself."""

import pytest
import torch
from torch.nn import functional as F

from lissom.blocks.fourier import column_spectrum, tile_of, tiled_correlation, untile


def correlated(maps: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, tiles: tuple[int, int]) -> torch.Tensor:
    """`C h w`, `O C k k` -> `O h-k+1 w-k+1`."""
    kernel = weight.shape[2]
    spectrum = column_spectrum(weight, tiles[1] + kernel - 1)
    tiled = tiled_correlation(maps.permute(1, 2, 0), spectrum, bias, kernel, tiles)
    return untile(tiled, maps.shape[1] - kernel + 1, maps.shape[2] - kernel + 1).permute(2, 0, 1)


@pytest.mark.parametrize(("height", "width"), [(21, 21), (40, 23), (17, 90)])
@pytest.mark.parametrize(("kernel", "tiles"), [(17, (32, 32)), (17, (15, 8)), (4, (7, 8)), (1, (5, 5)), (2, (1, 30))])
def test_equals_the_plain_correlation(height: int, width: int, kernel: int, tiles: tuple[int, int]) -> None:
    draw = torch.Generator().manual_seed(0)
    maps = torch.randn(3, height, width, generator=draw)
    weight, bias = torch.randn(5, 3, kernel, kernel, generator=draw), torch.randn(5, generator=draw)
    expected = F.conv2d(maps[None].double(), weight.double(), bias.double())[0]
    got = correlated(maps, weight, bias, tiles)
    assert got.shape == expected.shape
    assert (got - expected).abs().max() < 1e-5 * expected.abs().max()


def test_in_double_precision_only_rounding_is_left() -> None:
    maps, weight, bias = torch.randn(2, 40, 40).double(), torch.randn(3, 2, 9, 9).double(), torch.randn(3).double()
    expected = F.conv2d(maps[None], weight, bias)[0]
    assert (correlated(maps, weight, bias, (32, 32)) - expected).abs().max() < 1e-12


@pytest.mark.parametrize(("extent", "tile"), [(1, 1), (32, 32), (33, 17), (145, 29), (160, 32), (161, 27)])
def test_tiles_are_as_few_and_as_equal_as_can_be(extent: int, tile: int) -> None:
    assert tile_of(extent) == tile

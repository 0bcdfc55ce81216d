"""Fourier products over tiles are the correlation itself."""

import pytest
import torch
from torch.nn import functional as F

from lissom.blocks.fourier import kernel_spectrum, tiled_correlation, untile


@pytest.mark.parametrize(("height", "width"), [(21, 21), (40, 23), (17, 90)])
@pytest.mark.parametrize(("kernel", "tile"), [(17, 32), (17, 15), (4, 8), (1, 5)])
def test_equals_the_plain_correlation(height: int, width: int, kernel: int, tile: int) -> None:
    draw = torch.Generator().manual_seed(0)
    maps = torch.randn(3, height, width, generator=draw)
    weight = torch.randn(5, 3, kernel, kernel, generator=draw)
    expected = F.conv2d(maps[None].double(), weight.double())[0].permute(1, 2, 0)
    got = untile(tiled_correlation(maps, kernel_spectrum(weight, tile=tile), kernel, tile=tile), *expected.shape[:2])
    assert got.shape == expected.shape
    assert (got - expected).abs().max() < 1e-5 * expected.abs().max()


def test_in_double_precision_only_rounding_is_left() -> None:
    maps, weight = torch.randn(2, 40, 40).double(), torch.randn(3, 2, 9, 9).double()
    expected = F.conv2d(maps[None], weight)[0].permute(1, 2, 0)
    got = untile(tiled_correlation(maps, kernel_spectrum(weight), 9), 32, 32)
    assert (got - expected).abs().max() < 1e-12

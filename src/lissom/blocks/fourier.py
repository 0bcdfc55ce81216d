"""Correlation with a large kernel by Fourier products over tiles: the same sums, a hundredth of the multiplications.

A k x k correlation of C maps with O kernels costs `C O k^2` MACs for each output. Cut into tiles of T x T outputs, each
with its transform of n = T + k - 1 points a side, it costs one complex product `C x O` for each of n (n / 2 + 1)
frequencies and tile instead (the input is real, so half of the frequencies do). All transforms but the tiles' own are
written as matrix products, because these can leave their result in just the layout in which the next product reads it;
the copies between layouts are what makes such code slow.
"""

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

TILE = 32  # outputs; with k = 17 transforms of 48 points: the fastest of 16, 20, 24, 30, 32 and 48 that were tried


def tiled_correlation(maps: Tensor, spectrum: Tensor, kernel: int, *, tile: int = TILE) -> Tensor:
    """The valid correlation of maps with a kernel, in tiles: `C h w`, a `kernel_spectrum` -> `T T rows columns O`.

    Element `[x, y, i, j]` of the answer belongs to output row `i T + y` and column `j T + x`: a layout in which the
    next fully connected layer reads it without a copy, and `untile` puts right. Outputs beyond the maps are there too
    and mean nothing.
    """
    points, out_channels = tile + kernel - 1, spectrum.shape[-1]
    rows, columns = (-(-(side - kernel + 1) // tile) for side in maps.shape[1:])
    products = torch.bmm(_tiles_spectrum(maps, rows, columns, tile, points), spectrum)  # frequency, (part tile), O
    answer = _inverse(products.view(-1, rows * columns * out_channels), tile, points)
    return answer.view(tile, tile, rows, columns, out_channels)


def untile(tiled: Tensor, height: int, width: int) -> Tensor:
    """`T T rows columns O` -> `height width O`."""
    tile, _, rows, columns, channels = tiled.shape
    whole = tiled.permute(2, 1, 3, 0, 4).reshape(rows * tile, columns * tile, channels)
    return whole[:height, :width]


def kernel_spectrum(weight: Tensor, *, tile: int = TILE) -> Tensor:
    """`O C k k` -> `(column row) (part C) O`, conjugated: a correlation, not a convolution."""
    out_channels, in_channels, kernel, _ = weight.shape
    points = tile + kernel - 1
    half = points // 2 + 1
    flat = weight.permute(3, 1, 0, 2).reshape(kernel, -1)  # column, (C O row)
    cosines, sines = _waves(points, half, kernel, weight.dtype, weight.device)
    real, imaginary = (torch.cat([cosines, sines]) @ flat).view(2, half, -1, kernel)  # frequency, (C O), row
    cosines, sines = _waves(points, points, kernel, weight.dtype, weight.device)
    from_real = torch.stack([cosines, sines], 1).view(-1, kernel).expand(half, -1, -1)  # (row part), kernel row
    from_imaginary = torch.stack([-sines, cosines], 1).view(-1, kernel).expand(half, -1, -1)
    spectrum = torch.bmm(from_real, real.transpose(1, 2))
    spectrum = torch.baddbmm(spectrum, from_imaginary, imaginary.transpose(1, 2))
    return spectrum.view(half * points, 2 * in_channels, out_channels)


def _tiles_spectrum(maps: Tensor, rows: int, columns: int, tile: int, points: int) -> Tensor:
    """`C h w` -> `(column row) (part tile) (part C)`: the real 2 x 2 form of a complex number, for each tile."""
    channels, height, width = maps.shape
    halo = points - tile
    padded = F.pad(maps, (0, columns * tile + halo - width, 0, rows * tile + halo - height))
    spectrum = torch.fft.rfft2(padded.unfold(1, points, tile).unfold(2, points, tile))  # C rows columns row column
    parts = torch.view_as_real(spectrum).permute(4, 3, 5, 1, 2, 0)  # column row part rows columns C
    whole = maps.new_empty(*parts.shape[:5], 2, channels)
    whole[..., 0, :] = parts
    whole[:, :, 0, :, :, 1] = -parts[:, :, 1]
    whole[:, :, 1, :, :, 1] = parts[:, :, 0]
    return whole.view(parts.shape[0] * points, 2 * rows * columns, 2 * channels)


def _inverse(products: Tensor, tile: int, points: int) -> Tensor:
    """`(column row part) X` -> `x y X`: of each tile the outputs that no neighbour has touched."""
    half = points // 2 + 1
    cosines, sines = _waves(points, tile, points, products.dtype, products.device)
    rows = torch.stack([torch.cat([cosines, sines]), torch.cat([-sines, cosines])], 2).view(2 * tile, -1)
    by_column = torch.bmm(rows.expand(half, -1, -1), products.view(half, 2 * points, -1))  # column, (part y), X
    cosines, sines = _waves(points, tile, half, products.dtype, products.device)
    times = torch.full((half,), 2.0, dtype=products.dtype, device=products.device)  # of a pair, one was computed
    times[0] = 1
    if points % 2 == 0:
        times[-1] = 1
    columns = torch.stack([cosines * times, -sines * times], 2).view(tile, -1) / points**2
    return columns @ by_column.view(2 * half, -1)


@cache
def _waves(points: int, rows: int, columns: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine of `2 pi row column / points`, computed in double precision."""
    steps = torch.outer(torch.arange(rows), torch.arange(columns)) % points
    angles = steps.double() * (2 * math.pi / points)
    return angles.cos().to(device, dtype), angles.sin().to(device, dtype)

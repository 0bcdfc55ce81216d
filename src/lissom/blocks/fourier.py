"""Correlation with a large kernel by Fourier products over tiles: the same sums, a hundredth of the multiplications.

A k x k correlation of C maps with O kernels costs `C O k^2` MACs for each output. Cut into tiles of T x T outputs, each
with its transform of n = T + k - 1 points a side, it costs one complex product `C x O` for each of n (n / 2 + 1)
frequencies and tile instead (the input is real, so half of the frequencies do). All transforms are written as matrix
products: they can leave their result in just the layout in which the next product reads it, and tiles may have any
size. All that belongs to one frequency along the rows is done while it is in the cache: the transform of the whole
kernel, 130 MB for HybridSN, is never in memory.
"""

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

TILE = 32  # outputs a side at most; 24, 29 and 37 were no faster for k = 17


def tile_of(extent: int, most: int = TILE) -> int:
    """Outputs a side of as few equal tiles as there can be, so that the last one is hardly wasted."""
    return -(-extent // -(-extent // most))


def column_spectrum(weight: Tensor, points: int) -> Tensor:
    """`O C k k` -> `frequency (part row) (C O)`: a kernel's transform along its rows, of that many points."""
    half, kernel = points // 2 + 1, weight.shape[3]
    flat = weight.permute(3, 2, 1, 0).reshape(kernel, -1)  # column, (row C O)
    cosines, sines = _waves(points, half, kernel, weight.dtype, weight.device)
    return (torch.stack([cosines, sines], 1).flatten(0, 1) @ flat).view(half, 2 * kernel, -1)  # (frequency part), ...


def tiled_correlation(maps: Tensor, spectrum: Tensor, bias: Tensor, kernel: int, tiles: tuple[int, int]) -> Tensor:
    """The valid correlation of maps with a kernel, in tiles.

    maps: `h w C`; spectrum: the kernel's, of `tiles[1] + kernel - 1` points; bias: `O`; tiles: rows and columns of one.
    Element `[x, y, i, j]` of the answer, `columns rows I J O`, belongs to output row `i rows + y` and column
    `j columns + x`: a layout in which the next fully connected layer reads it without a copy, and `untile` puts right.
    Outputs beyond the maps are there too and mean nothing.
    """
    height, width = (-(-(side - kernel + 1) // tile) for side, tile in zip(maps.shape, tiles, strict=False))
    points, across = tiles[0] + kernel - 1, tiles[1] + kernel - 1
    number, out = height * width, len(bias)
    columns = _by_column(maps, height, width, tiles, kernel)  # frequency, (row part), (j C)
    forth, kernel_forth, back = _rows_of(points, kernel, tiles[0], maps)
    whole = maps.new_empty(points, 2, number, 2, maps.shape[2])
    by_column = maps.new_empty(len(columns), 2 * tiles[0], number * out)
    for frequency, column in enumerate(columns):
        parts = torch.stack([forth @ column[2 * tiles[0] * i :][: 2 * points] for i in range(height)])
        _complex_form(parts.view(height, 2, points, width, -1), whole)
        kernels = (kernel_forth @ spectrum[frequency]).view(points, -1, out)  # row frequency, (part C), O
        products = torch.bmm(whole.view(points, 2 * number, -1), kernels)  # row frequency, (part tile), O
        if not frequency:
            products[0, :number] += bias * (points * across)
        torch.mm(back, products.view(2 * points, -1), out=by_column[frequency])
    answer = _last(across, tiles[1], maps) @ by_column.view(2 * len(columns), -1)
    return answer.view(tiles[1], tiles[0], height, width, out)


def untile(tiled: Tensor, height: int, width: int) -> Tensor:
    """`columns rows I J O` -> `height width O`."""
    columns, rows, down, across, channels = tiled.shape
    whole = tiled.permute(2, 1, 3, 0, 4).reshape(down * rows, across * columns, channels)
    return whole[:height, :width]


def _by_column(maps: Tensor, height: int, width: int, tiles: tuple[int, int], kernel: int) -> Tensor:
    """`h w C` -> `frequency (row part) (J C)`: the transform along the rows of each tile."""
    points = tiles[1] + kernel - 1
    rows, columns = height * tiles[0] + kernel - 1, width * tiles[1] + kernel - 1
    padded = F.pad(maps, (0, 0, 0, columns - maps.shape[1], 0, rows - maps.shape[0]))
    cosines, sines = _waves(points, points // 2 + 1, points, maps.dtype, maps.device)
    forth = torch.stack([cosines, -sines], 1).flatten(0, 1).expand(rows, -1, -1)  # (frequency part), column
    tiled = [torch.bmm(forth, padded[:, tiles[1] * j :][:, :points]) for j in range(width)]
    whole = torch.stack(tiled, 2).view(rows, len(cosines), 2, -1)  # row, frequency, part, (J C)
    return whole.transpose(0, 1).flatten(1, 2)


def _complex_form(parts: Tensor, whole: Tensor) -> None:
    """`I part frequency J C` into `frequency part (I J) part C`: a complex number as a real matrix, 2 x 2."""
    whole = whole.unflatten(2, (parts.shape[0], parts.shape[3]))
    real, imaginary = parts.permute(1, 2, 0, 3, 4)  # frequency I J C
    whole[:, 0, :, :, 0] = real
    whole[:, 1, :, :, 1] = real
    whole[:, 1, :, :, 0] = imaginary
    torch.neg(imaginary, out=whole[:, 0, :, :, 1])


def _rows_of(points: int, kernel: int, tile: int, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The transforms along the columns: of maps, of the kernel (conjugated: a correlation), and back for a tile."""
    cosines, sines = _waves(points, points, points, like.dtype, like.device)
    real, imaginary = torch.stack([cosines, sines], 2).flatten(1), torch.stack([-sines, cosines], 2).flatten(1)
    forth = torch.cat([real, imaginary])  # (part frequency), (row part)
    cosines, sines = (wave[:, :kernel] for wave in (cosines, sines))
    real, imaginary = torch.cat([cosines, -sines], 1), torch.cat([sines, cosines], 1)
    of_kernel = torch.stack([real, imaginary], 1).flatten(0, 1)  # (frequency part), (part row)
    cosines, sines = _waves(points, tile, points, like.dtype, like.device)
    back = torch.stack([torch.cat([cosines, sines]), torch.cat([-sines, cosines])], 2).flatten(1)
    return forth, of_kernel, back / points  # back: (part row), (frequency part)


def _last(points: int, tile: int, like: Tensor) -> Tensor:
    """The transform back along the rows, of real numbers: `column (frequency part)`."""
    half = points // 2 + 1
    cosines, sines = _waves(points, tile, half, like.dtype, like.device)
    times = torch.full((half,), 2.0, dtype=like.dtype, device=like.device)  # of a pair, one was computed
    times[0] = 1
    if points % 2 == 0:
        times[-1] = 1
    return torch.stack([cosines * times, -sines * times], 2).flatten(1) / points


@cache
def _waves(points: int, rows: int, columns: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine of `2 pi row column / points`, computed in double precision."""
    steps = torch.outer(torch.arange(rows), torch.arange(columns)) % points
    angles = steps.double() * (2 * math.pi / points)
    return angles.cos().to(device, dtype), angles.sin().to(device, dtype)

"""A cube in a file that cannot be mapped into memory: read a piece at a time, as it is asked for."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.tasks.scene.data.shapes import Shape

PIECE = 32 << 20  # bytes that are read and held at once, in whole rows of the file's tiles
MOST = 256 << 20  # a row of tiles beyond this is read in parts, and decoded for each of them


class PieceCube:
    """H W bands, in the place of an array: it knows shape, type and size, and is indexed by rows first.

    The last piece is held, so that whoever goes through the rows in order, in whatever strips, has each decoded once.
    Rows are a slice, a number or an array of numbers; what comes back is an array in memory.
    """

    ndim = 3

    def __init__(self, shape: Shape, dtype: Any, tile_rows: int, read: Callable[[int, int], NDArray]) -> None:
        """read: rows from the first to before the last one, `n W bands`; tile_rows: rows that are stored together."""
        self.shape, self.dtype, self._read = shape, np.dtype(dtype), read
        self.size = math.prod(shape)
        self.nbytes = self.size * self.dtype.itemsize
        row = self.nbytes // shape[0]
        tiled = tile_rows * row
        self.piece = tile_rows * max(1, PIECE // tiled) if tiled <= MOST else max(1, MOST // row)
        self._held: tuple[int, NDArray] = (-1, np.empty(0))

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        return np.asarray(self[:], dtype)

    def __getitem__(self, key: Any) -> NDArray:
        rows, *rest = key if isinstance(key, tuple) else (key,)
        if rows is Ellipsis:
            rows, rest = slice(None), [Ellipsis, *rest]
        if isinstance(rows, slice):
            wanted = np.arange(self.shape[0])[rows]
            parts = [self._piece(n)[(self._inside(wanted, n), *rest)] for n in self._pieces(wanted)]
            return np.concatenate(parts) if len(parts) != 1 else parts[0]
        if isinstance(rows, int | np.integer):
            return self[rows : rows + 1 or None][(0, *rest)]
        rows, *rest = np.broadcast_arrays(rows, *rest)
        out = np.empty((*rows.shape, *self.shape[1 + len(rest) :]), self.dtype)
        for n in self._pieces(rows):
            here = rows // self.piece == n
            out[here] = self._piece(n)[(rows[here] - n * self.piece, *(index[here] for index in rest))]
        return out

    def _pieces(self, rows: NDArray[np.intp]) -> list[int]:
        """Which hold these rows; the first one where there are none, for the answer's type."""
        return np.unique(rows // self.piece).tolist() or [0]

    def _inside(self, wanted: NDArray[np.intp], number: int) -> slice:
        """A slice of a piece: the evenly spaced rows `wanted` that lie in it."""
        inside = wanted[wanted // self.piece == number] - number * self.piece
        if not len(inside):
            return slice(0, 0)
        step = int(wanted[1] - wanted[0]) if len(wanted) > 1 else 1
        assert step > 0, "rows are read from the top"
        return slice(int(inside[0]), int(inside[-1]) + 1, step)

    def _piece(self, number: int) -> NDArray:
        if self._held[0] != number:
            self._held = (-1, np.empty(0))  # freed before the next one is there
            top = number * self.piece
            self._held = (number, self._read(top, min(top + self.piece, self.shape[0])))
        return self._held[1]

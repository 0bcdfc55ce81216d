"""The three orders in which a raw file can hold a cube, and whether the one that a header names can be true."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError

LAYOUTS = {  # interleave -> axes in the file, slowest first, as places in H W bands
    "bsq": (2, 0, 1),
    "bil": (0, 2, 1),
    "bip": (0, 1, 2),
}
PLACES = 32  # rows, columns and bands that are looked at
LEAST_SIDE = 8  # pixels and bands: in smaller files neighbours prove nothing
CERTAIN = 2.0  # times as rough as another order: Salinas-A and parts of it give 2.1 to 41 for a wrong header


def seen_as(flat: NDArray, interleave: str, lines: int, samples: int, bands: int) -> NDArray:
    """The values of a file as a view H W bands."""
    axes = LAYOUTS[interleave]
    sides = (lines, samples, bands)
    return flat.reshape([sides[axis] for axis in axes]).transpose(np.argsort(axes))


def check_interleave(flat: NDArray, interleave: str, lines: int, samples: int, bands: int, *, path: Path) -> None:
    """Raises: DataError where the file reads far more smoothly in another order than in the one that is claimed.

    A file's length is the same in every order, so only its content can tell: neighbouring pixels of a band are alike
    when the order is right. Only overwhelming evidence counts.
    """
    if min(lines, samples, bands) < LEAST_SIDE:
        return
    found = {order: roughness(seen_as(flat, order, lines, samples, bands)) for order in LAYOUTS}
    best = min(found, key=lambda order: found[order])
    if found[interleave] > CERTAIN * found[best]:
        raise DataError("scene-envi-interleave", path=path, got=interleave, expected=best)


def roughness(cube: NDArray) -> float:
    """Mean difference of neighbouring pixels of a band, along rows or columns, whichever is larger; H W bands -> 1.

    Not divided by any spread: all orders show the same values, but a wrong one mixes bands and so spreads them more.
    """
    height, width, bands = cube.shape
    rows, columns, chosen = _spread(height - 1), _spread(width - 1), _spread(bands)
    here, below, beside = (
        np.nan_to_num(np.asarray(cube[np.ix_(r, c, chosen)], np.float64), posinf=0, neginf=0)
        for r, c in ((rows, columns), (rows + 1, columns), (rows, columns + 1))
    )
    return max(float(np.abs(below - here).mean()), float(np.abs(beside - here).mean()))


def _spread(length: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, length - 1, PLACES).astype(int))

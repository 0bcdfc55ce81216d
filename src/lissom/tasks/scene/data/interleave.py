"""The three orders in which a raw file can hold a cube, and whether the one that a header names is likely."""

import numpy as np
from numpy.typing import NDArray

LAYOUTS = {  # interleave -> axes in the file, slowest first, as indices into H W bands
    "bsq": (2, 0, 1),
    "bil": (0, 2, 1),
    "bip": (0, 1, 2),
}
SAMPLED = 32  # rows, columns and bands that are looked at
LEAST_SIDE = 16  # pixels and bands: in smaller files neighbours prove nothing
CERTAIN = 2.5  # times as rough as another order: Salinas-A, parts of it and synthetic scenes give 3.7 to 500 for a lie


def seen_as(flat: NDArray, interleave: str, lines: int, samples: int, bands: int) -> NDArray:
    """The values of a file as a view H W bands."""
    axes = LAYOUTS[interleave]
    sides = (lines, samples, bands)
    return flat.reshape([sides[axis] for axis in axes]).transpose(np.argsort(axes))


def likelier_interleave(flat: NDArray, interleave: str, lines: int, samples: int, bands: int) -> str | None:
    """Another order, in which the file reads far more smoothly than in the one that is claimed; None: there is none.

    A file's length is the same in every order, so only its content can tell: neighbouring pixels of a band are alike
    when the order is right. It is no proof: one bright object with many fine bands reads smoothly in a wrong order.
    """
    if min(lines, samples, bands) < LEAST_SIDE:
        return None
    found = {order: roughness(seen_as(flat, order, lines, samples, bands)) for order in LAYOUTS}
    best = min(found, key=lambda order: found[order])
    return best if found[interleave] > CERTAIN * found[best] else None


def roughness(cube: NDArray) -> float:
    """How unlike the neighbours of a value are in H W bands: the product of two mean differences.

    The larger one of rows and columns, and the largest one of rows, columns and bands. The first alone misses a wrong
    order that puts bands where rows should be, as spectra are smooth too; the second alone can condemn a right order
    with few, coarse bands. Not divided by the std, which a wrong order, as it mixes bands, makes larger.
    """
    rows, columns, chosen = (_evenly(side - 1) for side in cube.shape)
    here, below, beside, above = (
        np.nan_to_num(np.asarray(cube[np.ix_(r, c, b)], np.float64), posinf=0, neginf=0)
        for r, c, b in (
            (rows, columns, chosen),
            (rows + 1, columns, chosen),
            (rows, columns + 1, chosen),
            (rows, columns, chosen + 1),
        )
    )
    in_space = max(float(np.abs(other - here).mean()) for other in (below, beside))
    return in_space * max(in_space, float(np.abs(above - here).mean()))


def _evenly(length: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, length - 1, SAMPLED).astype(int))

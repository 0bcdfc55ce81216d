"""Which images train, which choose the best weights, and which only measure the result."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Places in the source of the three parts, and where each came from: `carved` or `own`."""

    train: Indices
    val: Indices
    test: Indices
    val_from: str
    test_from: str


def carve(indices: Indices, labels: Indices, *, fraction: float, seed: int) -> tuple[Indices, Indices]:
    """(rest, carved): `fraction` of the images of each class, at least one of two and never all; both sorted.

    `labels` are those of `indices`. The same seed carves the same images, whatever the other classes hold.
    """
    taken = np.zeros(len(indices), bool)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        count = min(max(1, round(len(places) * fraction)), len(places) - 1)
        rng = np.random.default_rng([seed, int(label), 0x5917])
        taken[rng.permutation(places)[:count]] = True
    return np.sort(indices[~taken]), np.sort(indices[taken])


def split(parts: NDArray[np.str_], labels: Indices, *, val_fraction: float, test_fraction: float, seed: int) -> Split:
    """Splits a source whose images stand in `parts` "train", "val", "test" or "" (none of these).

    The test set is `test/`, else `val/`, else a fraction of all images. The choosing set is `val/` where there is a
    `test/` besides, else a fraction of the training images: the test set chooses nothing.
    """
    train = np.flatnonzero((parts == "train") | (parts == ""))
    val, test = np.flatnonzero(parts == "val"), np.flatnonzero(parts == "test")
    val_from = test_from = "own"
    if not len(test):
        val, test = test, val
    if not len(test):
        test_from = "carved"
        train, test = carve(train, labels[train], fraction=test_fraction, seed=seed + 1)
    if not len(val):
        val_from = "carved"
        train, val = carve(train, labels[train], fraction=val_fraction, seed=seed)
    return Split(train, val, test, val_from, test_from)

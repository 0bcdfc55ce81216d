"""Which pictures train, which choose the best weights, and which only measure the result."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lissom.events import Note, note

Indices = NDArray[np.int64]
NONE = 1 << 30  # the rank of a picture without boxes


@dataclass(frozen=True)
class Split:
    """Indices of the three parts, and where two of them came from."""

    train: Indices
    val: Indices
    test: Indices
    val_from: Literal["own", "carved", "none"]
    """The data's own `val`; a share of the training pictures; nothing chooses, and the last weights count."""
    test_from: Literal["own", "val", "carved"]
    """The data's own `test`; its `val`, where there is no other; a share of all."""

    @property
    def note(self) -> Note:
        """Where the parts come from."""
        sides = {"val": note(f"boxes.val-{self.val_from}"), "test": note(f"boxes.test-{self.test_from}")}
        return note("boxes.split", **sides)


def split(parts: NDArray[np.str_], rank: Indices, *, val_fraction: float, test_fraction: float, seed: int) -> Split:
    """Splits pictures that stand in `parts` "train", "val", "test" or "" (none of these).

    The test set is `test`, else `val`, else a share of all. `val` chooses where there is a `test` besides, else a share
    of the training pictures. val_fraction 0: nothing chooses. rank: see `carve`.
    """
    train = np.flatnonzero((parts == "train") | (parts == ""))
    val, test = np.flatnonzero(parts == "val"), np.flatnonzero(parts == "test")
    val_from: Literal["own", "carved", "none"] = "own"
    test_from: Literal["own", "val", "carved"] = "own"
    if not len(test) and len(val):
        val, test, test_from = test, val, "val"
    elif not len(test):
        test_from = "carved"
        train, test = carve(train, rank[train], fraction=test_fraction, seed=seed + 1)
    if not val_fraction:
        val, val_from = val[:0], "none"
    elif not len(val):
        val_from = "carved"
        train, val = carve(train, rank[train], fraction=val_fraction, seed=seed)
    return Split(train, val, test, val_from, test_from)


def carve(indices: Indices, rank: Indices, *, fraction: float, seed: int) -> tuple[Indices, Indices]:
    """(rest, carved): `fraction` of the pictures, at least one and never all; both sorted.

    Pictures of one `rank`, their rarest class, are spread evenly over both; the same seed carves the same pictures.
    """
    count = min(max(1, round(len(indices) * fraction)), len(indices) - 1)
    if count < 1:
        return indices, indices[:0]
    rng = np.random.default_rng([seed, 0xDE7])
    order = np.lexsort([rng.random(len(indices)), rank])
    chosen = order[((np.arange(count) + rng.random()) * (len(indices) / count)).astype(np.int64)]
    taken = np.zeros(len(indices), bool)
    taken[chosen] = True
    return indices[~taken], indices[taken]


def rarest(classes: Indices, starts: Indices, num_classes: int) -> Indices:
    """Of each picture the rank of its rarest class, counted in boxes; one without boxes comes last. N"""
    counts = np.bincount(classes, minlength=num_classes)
    ranks = np.empty(num_classes, np.int64)
    ranks[np.argsort(counts, kind="stable")] = np.arange(num_classes)
    result = np.full(len(starts) - 1, NONE, np.int64)
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    np.minimum.at(result, owner, ranks[classes])
    return result

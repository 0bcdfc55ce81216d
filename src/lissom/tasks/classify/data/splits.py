"""Which images train, which choose the best weights, and which only measure the result."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.tasks.classify.data.sources import Source

Indices = NDArray[np.int64]
LEAST = 3  # images of a class: one to train, one to choose, one to test


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
        members = np.flatnonzero(labels == label)
        count = min(max(1, round(len(members) * fraction)), len(members) - 1)
        rng = np.random.default_rng([seed, int(label), 0x5917])
        taken[rng.permutation(members)[:count]] = True
    return np.sort(indices[~taken]), np.sort(indices[taken])


def split(parts: NDArray[np.str_], labels: Indices, *, val_fraction: float, test_fraction: float, seed: int) -> Split:
    """Splits a source whose images stand in `parts` "train", "val", "test" or "" (none of these).

    The test set is `test/`, else `val/`, else a fraction of all images. The choosing set is `val/` where there is a
    `test/` besides, else a fraction of the training images: the test set is held out.
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


def check_trainable(source: Source) -> None:
    """Two classes or more, none empty, each with training images for the parts that are carved from them.

    Raises: DataError that names the class.
    """
    path, names = source.name, source.class_names
    for folder in source.empty:
        if not folder.startswith(("val/", "test/")):
            raise DataError("data-class-empty", path=path, name=folder)
    if len(names) == 1:  # a source has at least one
        raise DataError("data-one-class", path=path, name=names[0])
    counts = part_counts(source)
    training = counts.get("train", counts.get(""))
    if training is None:
        raise DataError("data-no-train", path=path, got=", ".join(counts))
    least = LEAST - len({"val", "test"} & counts.keys())
    for number, name in enumerate(names):
        trained = int(training[number])
        if trained == 0:
            part = next(part for part, of_class in counts.items() if of_class[number])
            raise DataError("data-class-not-trained", path=path, part=part, name=name)
        if trained < least:
            raise DataError("data-class-too-small", path=path, name=name, got=trained, expected=least)


def part_counts(source: Source) -> dict[str, Indices]:
    """Images of each class [K] in each part that the source has, in the order "", train, val, test."""
    num_classes = len(source.class_names)
    there = [part for part in ("", "train", "val", "test") if (source.parts == part).any()]
    return {part: np.bincount(source.labels[source.parts == part], minlength=num_classes) for part in there}

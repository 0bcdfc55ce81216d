"""Which pixels of a scene train, which choose the best weights and which measure, and how much the two sides share.

A random split of pixels reproduces papers and leaks: the windows of test pixels hold training pixels. Blocks with a
guard band around the training pixels do not leak, and say more about new ground.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from lissom.errors import DataError
from lissom.events import Note, note
from lissom.tasks.scene.data.blocks import disjoint
from lissom.tasks.scene.settings import SceneConfig, guard_of

Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]


class Tally(NamedTuple):
    """Pixels of each class [K]."""

    labelled: NDArray[np.int64]
    train: NDArray[np.int64]
    val: NDArray[np.int64]
    test: NDArray[np.int64]
    asked: NDArray[np.int64]
    """That should train or choose."""

    def __add__(self, other: "Tally") -> "Tally":  # type: ignore[override]
        return Tally(*(ours + theirs for ours, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Split:
    """Three masks `H W` that share no pixel, what to say of them, and how many pixels each class has in them."""

    train: Mask
    val: Mask
    test: Mask
    note: Note
    warnings: tuple[Note, ...] = ()
    tally: Tally | None = None
    """None: no split was made."""

    @property
    def unmeasured(self) -> tuple[int, ...]:
        """Classes without test pixels: they stay out of the average accuracy."""
        if self.tally is None:
            return ()
        return tuple(np.flatnonzero((self.tally.labelled > 0) & (self.tally.test == 0)).tolist())


def split(
    labels: Labels,
    valid: Mask,
    config: SceneConfig,
    *,
    class_names: Sequence[str] | None = None,
    maps: tuple[Mask, Mask] | None = None,
    alone: bool = True,
) -> Split:
    """Splits the pixels that `labels` (int64 `H W`, -1: none) names and `valid` (`H W`) admits.

    class_names: for the warnings; None: the classes' numbers from 1. maps: the pixels of the training and the test
    map, for `split maps`. The same seed splits alike; every class has a training pixel. alone: no other scene trains,
    whose map may have those of a class that this one lacks.
    Raises: DataError when there is nothing to split, or when a class would have no training pixel in the maps.
    """
    labels = np.where(valid, labels, -1)
    if not (labels >= 0).any():
        raise DataError("scene-split-no-labels")
    classes = np.unique(labels[labels >= 0])
    names = class_names or [str(k + 1) for k in range(int(classes[-1]) + 1)]
    if config.split == "maps":
        seen, test = _from_maps(labels, maps, config)
    elif config.split == "disjoint":
        seen, test = disjoint(labels, wanted(labels, config), config)
    else:
        seen = _drawn(labels, wanted(labels, config), config.split_seed)
        test = (labels >= 0) & ~seen
    untrained = [int(k) for k in classes if not (labels[seen] == k).any()]
    if untrained and alone:
        raise DataError("scene-class-not-trained", names=_named(untrained, names))
    val = _drawn(np.where(seen, labels, -1), _to_choose(labels, seen, config), config.split_seed + 1)
    counted = tally(labels, seen & ~val, val, test, config, classes=len(names))
    return Split(seen & ~val, val, test, *described(counted, config, names), counted)


def check_trained(tallies: Sequence[Tally], names: Sequence[str]) -> None:
    """Raises: DataError for a class that no scene has a training pixel of."""
    first, *others = tallies
    counted = sum(others, first)
    untrained = np.flatnonzero((counted.labelled > 0) & (counted.train + counted.val == 0))
    if len(untrained):
        raise DataError("scene-class-not-trained", names=_named(untrained, names))


def leak(parts: Split, window: int) -> float:
    """Share of the test pixels whose `window` x `window` neighbourhood holds a pixel that trains or chooses."""
    near = grown(parts.train | parts.val, window // 2)
    return float(near[parts.test].mean()) if parts.test.any() else 0.0


def grown(mask: Mask, half: int) -> Mask:
    """`mask` and all pixels within `half` rows and columns of it; nothing lies beyond the border."""
    return np.asarray(maximum_filter(mask, size=2 * half + 1, mode="constant", cval=0), bool)


def wanted(labels: Labels, config: SceneConfig) -> NDArray[np.int64]:
    """Training pixels of each class [K], chosen ones included: 1 at least, and never all of 2 or more."""
    counts = np.bincount(labels[labels >= 0])
    if config.train_per_class is None:
        asked = np.floor(counts * config.train_fraction + 0.5)  # halves up, which `round` does not do
    else:
        asked = np.minimum(config.train_per_class, counts // 2)
    return np.minimum(np.maximum(asked, 1), np.maximum(counts - 1, np.minimum(counts, 1))).astype(np.int64)


def _to_choose(labels: Labels, seen: Mask, config: SceneConfig) -> NDArray[np.int64]:
    """Pixels of each class [K] that choose the best weights: of two or more, one at least and never all."""
    counts = np.bincount(labels[seen], minlength=int(labels.max()) + 1)
    if not config.val_fraction:
        return np.zeros_like(counts)
    asked = np.maximum(np.floor(counts * config.val_fraction + 0.5), 1)
    return np.minimum(asked, np.maximum(counts - 1, 0)).astype(np.int64)


def _drawn(labels: Labels, counts: NDArray[np.int64], seed: int) -> Mask:
    """`counts[k]` pixels of each class, drawn by (seed, class) alone: other classes do not matter."""
    chosen = np.zeros(labels.size, bool)
    for k, count in enumerate(counts):
        indices = np.flatnonzero(labels == k)
        rng = np.random.default_rng([seed, k, 0x5CE7E])
        chosen[rng.permutation(indices)[:count]] = True
    return chosen.reshape(labels.shape)


def _from_maps(labels: Labels, maps: tuple[Mask, Mask] | None, config: SceneConfig) -> tuple[Mask, Mask]:
    assert maps is not None, "split maps without its maps"
    train, test = maps
    for path, mask in ((config.train_map, train), (config.test_map, test)):
        if mask.shape != labels.shape:
            raise DataError("scene-map-size", path=path, got=_size(mask), expected=_size(labels))
    if both := int((train & test).sum()):
        raise DataError("scene-maps-overlap", train=config.train_map, test=config.test_map, count=both)
    if not (test & (labels >= 0)).any():
        raise DataError("scene-map-no-test", path=config.test_map)
    return train & (labels >= 0), test & (labels >= 0)


def merged_truth(
    ground_truth: NDArray[np.integer] | None,
    train_map: NDArray[np.integer],
    test_map: NDArray[np.integer],
    unlabelled: int = 0,
) -> NDArray[np.integer]:
    """The ground-truth map `H W` with what the two maps say laid over it, as class ids; the training map on top.

    Public training maps label pixels that the ground truth leaves out: 1,147 of Pavia University's 3,921.
    Raises: DataError for maps of different size.
    """
    merged = np.full_like(train_map, unlabelled) if ground_truth is None else ground_truth.copy()
    for name, given in (("test_map", test_map), ("train_map", train_map)):
        if given.shape != merged.shape:
            raise DataError("scene-map-size", path=name, got=_size(given), expected=_size(merged))
        merged = np.where(given != unlabelled, given, merged)
    return merged


def tally(labels: Labels, train: Mask, val: Mask, test: Mask, config: SceneConfig, *, classes: int) -> Tally:
    """Counts a split of the pixels `labels` (`H W`, -1: none)."""
    masks = (labels >= 0, train, val, test)
    labelled, *parts = (np.bincount(labels[mask], minlength=classes) for mask in masks)
    asked = np.zeros(classes, np.int64)
    if config.train_per_class is None:
        found = wanted(labels, config)
        asked[: len(found)] = found
    else:
        asked[labelled > 0] = config.train_per_class
    return Tally(labelled, parts[0], parts[1], parts[2], asked)


def described(counted: Tally, config: SceneConfig, names: Sequence[str]) -> tuple[Note, tuple[Note, ...]]:
    """What to say of a split: (how it was made, warnings)."""
    labelled, train, val, test, asked = counted
    several = labelled > 1
    kinds = {
        "single": (labelled == 1) & (test == 0),
        "untested": several & (test == 0),
        "fewer": several & (train + val < asked) & (config.split != "maps"),
    }
    warnings = [
        note(f"scene_split.{kind}", names=_named(np.flatnonzero(which), names)) for kind, which in kinds.items()
        if which.any()
    ]  # fmt: skip
    seen, tested = int((train + val).sum()), int(test.sum())
    numbers = {"train": seen, "test": tested, "left": int(labelled.sum()) - seen - tested, "guard": guard_of(config)}
    kind = "random-pixels" if config.split == "random" and config.window == 1 else config.split  # nothing can leak
    return note(f"scene_split.{kind}", **numbers), tuple(warnings)


def _named(classes: Iterable[int], names: Sequence[str]) -> str:
    return ", ".join(names[k] for k in classes)


def _size(mask: NDArray) -> str:
    return "x".join(map(str, mask.shape))

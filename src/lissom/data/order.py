"""In which order items are seen: a function of the seed alone. No torch here."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def epoch_order(labels: Ints, *, seed: int, epoch: int, balanced: bool) -> Ints:
    """Indices of the training items in the order of one epoch: each once, or as often as makes the classes equal."""
    rng = np.random.default_rng([seed, epoch, 0x0DE5])
    return balanced_order(labels, rng) if balanced else rng.permutation(len(labels))


def balanced_order(labels: Ints, rng: np.random.Generator) -> Ints:
    """As many indices as there are labels, every class equally often (to one), its images in turn."""
    classes = np.unique(labels)
    classes_drawn = rng.permutation(len(labels)) % len(classes)  # of each index
    order = np.empty(len(labels), np.int64)
    for number, label in enumerate(classes):
        wanted = np.flatnonzero(classes_drawn == number)
        members = np.flatnonzero(labels == label)
        rounds = -(-len(wanted) // len(members))
        order[wanted] = np.concatenate([rng.permutation(members) for _ in range(rounds)] or [members[:0]])[
            : len(wanted)
        ]
    return order


def stratified(labels: Ints, count: int, *, seed: int = 0) -> Ints:
    """Indices of at most `count` items, drawn by the seed: as many of each class as there are, no class before all
    others have one; sorted."""
    rng = np.random.default_rng([seed, 0x57A7])
    order = rng.permutation(len(labels))
    classes = rng.permutation(int(labels.max(initial=-1)) + 1)[labels[order]]  # which class comes first is drawn too
    by_class = np.argsort(classes, kind="stable")
    ordered = classes[by_class]
    rank = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)  # rank within the class
    return np.sort(order[by_class[np.lexsort((ordered, rank))[:count]]])

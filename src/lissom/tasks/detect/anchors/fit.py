"""Anchors for the boxes of a data set: k-means, then small random changes that are kept where they fit better."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.tasks.detect.anchors.assign import LARGEST_RATIO
from lissom.tasks.detect.facts import Anchors

ENOUGH = 0.98  # share of boxes with a fitting anchor above which the network's own anchors stay
SHORTEST = 2.0  # pixels: shorter boxes, and anchors, are not looked at
ITERATIONS, GENERATIONS = 30, 1000
CHANGED, CHANGE = 0.9, 0.1  # share of an anchor's sides that a generation changes, and by how much
MOST = 5000  # boxes that are looked at

Sides = NDArray[np.float64]
"""`n 2`: widths and heights, pixels of the input."""


class Fitted(NamedTuple):
    """Anchors, and the share of boxes that have one within a factor of 4 on both sides, before and after."""

    anchors: Anchors
    recall_before: float
    recall: float


def fit_anchors(sides: Sides, known: Anchors, *, seed: int = 0) -> Fitted:
    """The anchors `known` where they fit 98 % of the boxes, else others of the same number, if these fit more.

    sides: of the training boxes.
    """
    rng = np.random.default_rng([seed, 0xA9C4])
    given = np.array([pair for level in known for pair in level], np.float64)
    before = recall(sides, given)
    usable = sides[sides.min(1, initial=np.inf) >= SHORTEST]
    usable = usable[rng.permutation(len(usable))[:MOST]]
    if before >= ENOUGH or len(usable) < len(given):
        return Fitted(known, before, before)
    jittered = usable * rng.uniform(0.9, 1.1, (len(usable), 1))
    best = _evolved(jittered, _means(jittered, len(given), rng), rng)
    best = best[np.argsort(best.prod(1), kind="stable")]
    after = recall(sides, best)
    if after <= before:
        return Fitted(known, before, before)
    return Fitted(_by_level(best, [len(level) for level in known]), before, after)


def open_levels(sides: Sides, count: int, strides: tuple[int, ...], *, seed: int = 0) -> Fitted:
    """Anchors where a model file leaves them open: `count` for each level."""
    pairs = [[(stride * 2.0 ** (at / count + 0.5),) * 2 for at in range(count)] for stride in strides]
    start: Anchors = tuple(tuple((w, h) for w, h in level) for level in pairs)
    return fit_anchors(sides, start, seed=seed)


def fitness(sides: Sides, anchors: Sides) -> NDArray[np.float64]:
    """Of each box the worse of both ratios of sides, with the anchor where that is best: 1 is the same shape."""
    ratio = sides[:, None] / anchors[None]  # n A 2
    return np.minimum(ratio, 1 / ratio).min(2).max(1)


def recall(sides: Sides, anchors: Sides) -> float:
    """The share of boxes that some anchor may learn; 1 of none."""
    return float((fitness(sides, anchors) > 1 / LARGEST_RATIO).mean()) if len(sides) else 1.0


def _means(sides: Sides, count: int, rng: np.random.Generator) -> Sides:
    """`count` means of boxes whose sides were scaled to the same deviation."""
    deviation = np.maximum(sides.std(0), 1e-9)
    points = sides / deviation
    means = points[rng.choice(len(points), count, replace=False)]
    for _ in range(ITERATIONS):
        nearest = ((points[:, None] - means[None]) ** 2).sum(2).argmin(1)
        sums = np.stack([np.bincount(nearest, points[:, axis], count) for axis in (0, 1)], 1)
        counts = np.bincount(nearest, minlength=count)[:, None]
        means = np.where(counts > 0, sums / np.maximum(counts, 1), means)
    return means * deviation


def _evolved(sides: Sides, anchors: Sides, rng: np.random.Generator) -> Sides:
    """The best of a thousand mutations, each of the best so far."""
    best, score = anchors, _score(sides, anchors)
    for _ in range(GENERATIONS):
        chosen = rng.random(best.shape) < CHANGED
        change = np.where(chosen, 1 + rng.random() * rng.normal(0, CHANGE, best.shape), 1).clip(0.3, 3)
        tried = np.maximum(best * change, SHORTEST)
        if (got := _score(sides, tried)) > score:
            best, score = tried, got
    return best


def _score(sides: Sides, anchors: Sides) -> float:
    """The mean fitness, boxes that no anchor may learn counted as 0."""
    found = fitness(sides, anchors)
    return float((found * (found > 1 / LARGEST_RATIO)).mean())


def _by_level(anchors: Sides, counts: list[int]) -> Anchors:
    """Rising ones to rising levels, to a tenth of a pixel."""
    ends = np.cumsum(counts)[:-1]
    return tuple(tuple((round(w, 1), round(h, 1)) for w, h in level.tolist()) for level in np.split(anchors, ends))

"""Which box found which: COCO's greedy rule, kept for each box, so that images can be drawn again for intervals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.boxes.suppress import Detections
from lissom.tasks.detect.data.pictures import Pictures

OVERLAPS = np.linspace(0.5, 0.95, 10)
MOST = 100  # boxes of a class in an image
RECALLS = np.linspace(0, 1, 101)

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


class Matched(NamedTuple):
    """All boxes that were found, D of them, by falling score, at each overlap of `OVERLAPS`, T."""

    image: Ints
    """D"""
    classes: Ints
    """D"""
    scores: NDArray[np.float64]
    """D"""
    hit: Bools
    """T D: it found a box of its class that no better one had found."""
    ignored: Bools
    """T D: it found a crowd, and counts neither way."""
    truth: Ints
    """N K: how many boxes of each class each image has."""


def overlaps(a: NDArray[np.floating], b: NDArray[np.floating], crowd: Bools) -> NDArray[np.float64]:
    """n m: intersection over union of corners n 4 and m 4; over the first one's area, where the second is a crowd."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    inside = (high - low).clip(min=0).prod(2)
    area_a, area_b = ((boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (a, b))
    union = np.where(crowd, area_a[:, None], area_a[:, None] + area_b - inside)
    return inside / np.maximum(union, 1e-12)


def match(pictures: Pictures, found: Sequence[Detections], classes: int) -> Matched:
    """found: for each picture, in its pixels."""
    parts, truth = [], np.zeros((len(pictures), classes), np.int64)
    for index, own in enumerate(found):
        labels = pictures.labels(index)
        truth[index] = np.bincount(labels.classes[~labels.crowd], minlength=classes)
        for number in np.unique(own.classes).tolist():
            mine = np.flatnonzero(own.classes == number)
            mine = mine[np.argsort(-own.scores[mine], kind="stable")][:MOST]
            theirs = labels.classes == number
            shared = overlaps(own.boxes[mine], labels.boxes[theirs], labels.crowd[theirs])
            hit, ignored = _greedy(shared, labels.crowd[theirs])
            parts.append((np.full(len(mine), index), np.full(len(mine), number), own.scores[mine], hit, ignored))
    if not parts:
        none = np.zeros((len(OVERLAPS), 0), np.bool_)
        nothing = np.zeros(0, np.int64)
        return Matched(nothing, nothing, np.zeros(0), none, none, truth)
    image, kinds, scores = (np.concatenate([part[at] for part in parts]) for at in range(3))
    hit, ignored = (np.concatenate([part[at] for part in parts], 1) for at in (3, 4))
    order = np.argsort(-scores, kind="stable")
    return Matched(image[order], kinds[order], scores[order].astype(float), hit[:, order], ignored[:, order], truth)


def _greedy(shared: NDArray[np.float64], crowd: Bools) -> tuple[Bools, Bools]:
    """shared: D G, by falling score -> hit and ignored, T D. Each takes the free box that it overlaps most."""
    count = len(shared)
    hit = np.zeros((len(OVERLAPS), count), np.bool_)
    single, several = shared[:, ~crowd], shared[:, crowd].max(1, initial=0)
    free = np.ones((len(OVERLAPS), single.shape[1]), np.bool_)
    if single.shape[1]:
        every = np.arange(len(OVERLAPS))
        for number in range(count):
            fits = np.where(free & (single[number] >= OVERLAPS[:, None]), single[number], -1.0)  # T G
            best = fits.argmax(1)
            hit[:, number] = fits[every, best] >= 0
            free[every[hit[:, number]], best[hit[:, number]]] = False
    return hit, ~hit & (several >= OVERLAPS[:, None])


def average_precision(matched: Matched, weights: Ints | None = None) -> NDArray[np.float64]:
    """T K: at each overlap and of each class, NaN of a class without boxes; weights: N, how often each image counts.

    COCO's: the largest precision at or behind each of 101 recalls, their mean.
    """
    often = np.ones(len(matched.truth), np.int64) if weights is None else weights
    totals = often @ matched.truth  # K
    result = np.full((len(OVERLAPS), len(totals)), np.nan)
    for number in np.flatnonzero(totals).tolist():
        own = matched.classes == number
        counts = often[matched.image[own]] * ~matched.ignored[:, own]  # T D
        right = np.cumsum(counts * matched.hit[:, own], 1)
        precision = right / np.maximum(np.cumsum(counts, 1), 1e-12)
        precision = np.maximum.accumulate(precision[:, ::-1], 1)[:, ::-1]
        result[:, number] = [_at_recalls(r / totals[number], p) for r, p in zip(right, precision, strict=True)]
    return result


def _at_recalls(recall: NDArray[np.float64], precision: NDArray[np.float64]) -> float:
    index = np.searchsorted(recall, RECALLS, side="left")
    return float(np.where(index < len(recall), np.append(precision, 0.0)[index.clip(max=len(recall))], 0.0).mean())


def mean_precision(matched: Matched, weights: Ints | None = None) -> float:
    """`map50_95`: over overlaps and over classes that have boxes; NaN of none."""
    found = average_precision(matched, weights)
    there = ~np.isnan(found[0])
    return float(found[:, there].mean()) if there.any() else float("nan")


def drawn_means(parts: Sequence[Matched], *, resamples: int = 300, seed: int = 0) -> NDArray[np.float64]:
    """resamples R: `map50_95` of each of `parts` on the same images, drawn again with replacement each time."""
    rng, count = np.random.default_rng(seed), len(parts[0].truth)
    means = []
    for _ in range(resamples):
        often = np.bincount(rng.integers(count, size=count), minlength=count)
        means.append([mean_precision(part, often) for part in parts])
    return np.array(means).reshape(resamples, len(parts))


class Curves(NamedTuple):
    """At overlap 0.5, all classes together, at each confidence of `CONFIDENCES`."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]

    @property
    def best(self) -> int:
        """Where F1 is highest."""
        return int(self.f1.argmax())


CONFIDENCES = np.linspace(0, 1, 101)


def curves(matched: Matched) -> Curves:
    counted = ~matched.ignored[0]
    scores, hit = matched.scores[counted], matched.hit[0, counted]
    kept = np.searchsorted(-scores, -CONFIDENCES, side="right")  # boxes with at least that score
    right = np.concatenate([[0], np.cumsum(hit)])[kept]
    precision = np.where(kept > 0, right / np.maximum(kept, 1), 1.0)
    recall = right / max(int(matched.truth.sum()), 1)
    return Curves(precision, recall, 2 * precision * recall / np.maximum(precision + recall, 1e-12))


def confusion_of(
    pictures: Pictures, found: Sequence[Detections], classes: int, *, confidence: float, iou: float
) -> Ints:
    """K+1 K+1: row the true class, column the predicted one; the last of both is the background.

    Boxes with at least that confidence; each pair is made once, best overlap first, whatever the classes.
    """
    matrix = np.zeros((classes + 1, classes + 1), np.int64)
    for index, own in enumerate(found):
        labels = pictures.labels(index)
        chosen = own.scores >= confidence
        boxes, kinds = own.boxes[chosen], own.classes[chosen]
        shared = overlaps(boxes, labels.boxes, labels.crowd)
        in_crowd = shared[:, labels.crowd].max(1, initial=0) >= iou
        true, single = labels.classes[~labels.crowd], shared[:, ~labels.crowd]
        pairs = np.argwhere(single >= iou)
        pairs = pairs[np.argsort(-single[tuple(pairs.T)], kind="stable")]
        mine, theirs = np.full(len(boxes), -1), np.full(len(true), -1)
        for a, b in pairs.tolist():
            if mine[a] < 0 and theirs[b] < 0:
                mine[a], theirs[b] = b, a
        made = np.flatnonzero(mine >= 0)
        np.add.at(matrix, (true[mine[made]], kinds[made]), 1)
        matrix[:, classes] += np.bincount(true[theirs < 0], minlength=classes + 1)
        matrix[classes] += np.bincount(kinds[(mine < 0) & ~in_crowd], minlength=classes + 1)
    return matrix

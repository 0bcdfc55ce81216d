"""How sure a difference between two predictions for the same samples is: the paired bootstrap.

Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3: percentile intervals of samples drawn anew,
each with both predictions. Samples beside each other that are alike make the interval rather too narrow.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
AT_ONCE = 1 << 22  # counts that are held at a time

Counts = NDArray[np.int64]
Statistic = Callable[[NDArray[np.integer]], NDArray[np.floating]]
"""Confusion matrices `R K K`, row the true class, -> `R` values, NaN where nothing defines it."""


class Difference(NamedTuple):
    """Of the first less the second."""

    value: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether 0 is outside of the interval."""
        return self.low > 0 or self.high < 0


def joint_counts(truth: NDArray[Any], first: NDArray[Any], second: NDArray[Any], classes: int) -> Counts:
    """`K K K`: samples by true class, first and second prediction, from class numbers `N` each."""
    cells = (truth.astype(np.int64) * classes + first) * classes + second
    return np.bincount(cells, minlength=classes**3).reshape(classes, classes, classes)


def paired_difference(
    joint: Counts, statistic: Statistic, *, resamples: int = RESAMPLES, seed: int = 0, confidence: float = 0.95
) -> Difference | None:
    """Of a statistic of the first and the second prediction, with its interval; None where nothing defines it.

    joint: `K K K`, see `joint_counts`. Drawing N of N samples with replacement is one multinomial draw of the cells, so
    that millions of samples cost what a few classes do. The same seed gives the same interval.
    """
    total, classes = int(joint.sum()), len(joint)
    there = np.flatnonzero(joint)
    value = _difference(joint[None], statistic)[0]
    if not total or np.isnan(value):
        return None
    rng, shares, drawn = np.random.default_rng(seed), joint.flat[there] / total, []
    step = max(1, AT_ONCE // joint.size)
    for start in range(0, resamples, step):
        counts = np.zeros((min(step, resamples - start), joint.size), np.int64)
        counts[:, there] = rng.multinomial(total, shares, size=len(counts))
        drawn.append(_difference(counts.reshape(-1, classes, classes, classes), statistic))
    low, high = np.nanquantile(np.concatenate(drawn), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Difference(float(value), float(low), float(high))


def _difference(joints: NDArray[np.integer], statistic: Statistic) -> NDArray[np.floating]:
    """`R K K K -> R`."""
    return statistic(joints.sum(3)) - statistic(joints.sum(2))

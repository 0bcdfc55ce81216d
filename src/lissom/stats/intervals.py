"""How sure a measured share is: intervals of a binomial proportion, and which of several are statistically tied."""

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import NormalDist
from typing import Any


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share, as fractions (E. B. Wilson, JASA 22, 1927).

    Unlike the textbook's p ± z·sqrt(p(1-p)/n), it stays within 0 to 1 and has a width at 0 and at n of n.
    n = 0 knows nothing: (0, 1).
    """
    assert 0 <= successes <= n, f"{successes} of {n}"
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # at the ends the formula gives p exactly; rounding must not put it outside
    return min(max(0.0, centre - half), p), max(min(1.0, centre + half), p)


def tied_with_best(
    rows: Sequence[Mapping[str, Any]], *, gain: str = "accuracy", low: str = "low", high: str = "high"
) -> set[int]:
    """Indices of the rows whose interval overlaps that of the highest `gain`, the best itself included.

    Overlap is a cautious test: rows that do not overlap do differ; rows that overlap might still, on more images.
    """
    if not rows:
        return set()
    best = max(rows, key=lambda row: row[gain])
    return {i for i, row in enumerate(rows) if row[high] >= best[low] and row[low] <= best[high]}

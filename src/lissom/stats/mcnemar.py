"""Whether two networks differ: McNemar's test on the pixels that only one of them has right.

McNemar, Psychometrika 1947, 12(2); Foody, Photogrammetric Engineering & Remote Sensing 2004, 70(5), for maps.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 25  # discordant pixels, below which the chi-square is too rough an approximation


@dataclass(frozen=True)
class McNemar:
    """The two discordant counts, and how likely so uneven ones are between equally good networks."""

    only_first: int  # pixels that the first alone has right
    only_second: int
    statistic: float | None  # chi-square with continuity correction, 1 degree of freedom; None: the exact test
    p_value: float  # two-sided
    method: str  # "exact" or "chi-square"

    @property
    def z(self) -> float:
        """The signed statistic that maps are compared by, above 0 where the first is better; |z| > 1.96 at 5 %."""
        uneven = self.only_first + self.only_second
        return (self.only_first - self.only_second) / math.sqrt(uneven) if uneven else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self) | {"z": self.z}


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """From whether each of the same test pixels `N` is right by the first and by the second network.

    Exact (binomial, two-sided) below 25 discordant pixels, else chi-square with Edwards's continuity correction. Pixels
    beside each other are alike, so that p is rather too small.
    """
    assert first.shape == second.shape, f"{first.shape} and {second.shape}: not the same pixels"
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    uneven = only_first + only_second
    if uneven < FEW:
        return McNemar(only_first, only_second, None, _binomial(min(only_first, only_second), uneven), "exact")
    statistic = (abs(only_first - only_second) - 1) ** 2 / uneven if only_first != only_second else 0.0
    return McNemar(only_first, only_second, statistic, math.erfc(math.sqrt(statistic / 2)), "chi-square")


def _binomial(fewer: int, count: int) -> float:
    """Probability, two-sided, of `fewer` heads or less among `count` throws of a fair coin."""
    tail = sum(math.comb(count, heads) for heads in range(fewer + 1))
    return min(1.0, 2 * tail / 2**count)

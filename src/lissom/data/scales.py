"""Which values of images with more than 8 bits become black and white: one rule for a whole data set.

A set of 12-bit images in 16-bit files would keep 17 of 256 greys if each were divided by 65535, and images divided
each by its own maximum would no longer be comparable. So the range is decided once, from the training images.
"""

import math
from dataclasses import dataclass
from typing import Literal

Kind = Literal["integers", "floats"]
Ends = tuple[float, float]
"""The values that become black (0) and white (255)."""

BYTE = 8  # bits
DARK = 1 / 16  # floats of 0..1 that end below keep fewer than 16 greys


@dataclass(frozen=True, kw_only=True)
class Scales:
    """For images of more than 8 bits, by their kind; None: the data that decided had none of it."""

    integers: Ends | None = None
    floats: Ends | None = None

    def ends(self, kind: Kind) -> Ends | None:
        return self.integers if kind == "integers" else self.floats


def choose(kind: Kind, low: float, high: float) -> Ends:
    """Black and white for values from `low` to `high`.

    Floats up to 1: 0 and 1. Others that are never negative: 0 and the first of 255, 511, 1023, ... 65535, ... that is
    not below them, which is the depth of their sensor. Negative values, and floats that end below 1/16: the values' own
    range.
    """
    if low < 0 or (kind == "floats" and high < DARK):
        return low, high if high > low else low + 1.0
    return 0.0, 1.0 if kind == "floats" and high <= 1 else float(2 ** bits(high) - 1)


def bits(high: float) -> int:
    """How many bits hold the whole number `high`, 8 at least."""
    return max(BYTE, math.ceil(high).bit_length())

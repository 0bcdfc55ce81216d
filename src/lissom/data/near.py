"""Images that are nearly equal: one compressed again, resized, or brightened, or the next frame of a video."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lissom.data.files import Pixels

SIDE = 16  # of the small copy that is compared
SAME = 0.95  # correlation; of 256 photos no two have more than 0.88, and copies at half the size and quality 50 0.97
FLAT = 2.0  # standard deviation in greys of 256: less shows nothing to compare
ROWS = 1024  # compared at once

Floats = NDArray[np.float32]


def small_copy(pixels: Pixels) -> Floats:
    """H W 3 -> 768 values of mean 0 and length 1; zeros for an image of one colour."""
    small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX)
    values = np.asarray(small, np.float32).reshape(-1)
    values -= values.mean()
    return values / np.linalg.norm(values) if values.std() > FLAT else np.zeros_like(values)


def near(a: Floats, b: Floats) -> list[tuple[int, int]]:
    """Pairs of a row of `a`, n 768, and the row of `b`, m 768, that is likest, where they are nearly equal."""
    pairs = []
    for start in range(0, len(a) if len(b) else 0, ROWS):
        likeness = a[start : start + ROWS] @ b.T
        best = likeness.argmax(1)
        found = np.flatnonzero(likeness[np.arange(len(best)), best] >= SAME)
        pairs += [(start + int(row), int(best[row])) for row in found]
    return pairs

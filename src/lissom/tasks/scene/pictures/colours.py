"""Colours for any number of classes, each as far as can be from those before it, from white and from a dark ground.

Distances are measured in OKLab (Ottosson, 2020), where equal steps look equal.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

FIRST: Colour = (0x2B, 0x7B, 0xC9)
AVOIDED: tuple[Colour, ...] = ((24, 28, 33), (254, 254, 254), (120, 128, 136))  # unlabelled pixels, paper, grey pixels
LEVELS = 17  # of red, green and blue: 4,913 candidates
LIGHTNESS = (0.38, 0.93)
CHROMA = (0.05, 0.21)  # beyond, colours glare
BATCH = 64  # colours found at once

# fmt: off
TO_LMS = np.array([[0.4122214708, 0.5363325363, 0.0514459929],
                   [0.2119034982, 0.6806995451, 0.1073969566],
                   [0.0883024619, 0.2817188376, 0.6299787005]])
TO_LAB = np.array([[0.2104542553,  0.7936177850, -0.0040720468],
                   [1.9779984951, -2.4285922050,  0.4505937099],
                   [0.0259040371,  0.7827717662, -0.8086757660]])
# fmt: on


def class_colour(place: int) -> Colour:
    """The colour of the class at that place, 0 or more; from place 3,000 or so on they repeat."""
    found = _ordered(-(-(place + 1) // BATCH) * BATCH)
    return found[place % len(found)]


def oklab(rgb: NDArray) -> NDArray[np.float64]:
    """sRGB `... 3`, 0 to 255, as lightness 0 to 1, green to red, blue to yellow."""
    shares = np.asarray(rgb, np.float64) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ TO_LMS.T) @ TO_LAB.T


@cache
def _ordered(count: int) -> tuple[Colour, ...]:
    """Greedily, always the candidate that is farthest from its nearest neighbour among the chosen ones."""
    levels = np.linspace(0, 255, LEVELS).round().astype(int)
    candidates = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    lab = oklab(candidates)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    inside = (LIGHTNESS[0] <= lab[:, 0]) & (lab[:, 0] <= LIGHTNESS[1]) & (CHROMA[0] <= chroma) & (chroma <= CHROMA[1])
    candidates, lab = candidates[inside], lab[inside]
    nearest = np.linalg.norm(lab[:, None] - oklab(np.array([*AVOIDED, FIRST])), axis=2).min(1)
    chosen = [FIRST]
    while len(chosen) < min(count, len(candidates)):
        place = int(nearest.argmax())
        red, green, blue = candidates[place].tolist()
        chosen.append((red, green, blue))
        nearest = np.minimum(nearest, np.linalg.norm(lab - lab[place], axis=1))
    return tuple(chosen)

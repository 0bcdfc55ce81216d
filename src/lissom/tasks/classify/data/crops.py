"""Which square of a photo a network sees: a random crop in training, the largest centred one else. No torch here."""

from typing import NamedTuple

import numpy as np

from lissom.data.files import Pixels, Unreadable, fit_square, resize_box
from lissom.data.pixels import Numbered, read_pixels

AREA = (0.25, 1.0)  # share of the image that a random crop keeps; light nets gain nothing from smaller ones
ASPECT = (3 / 4, 4 / 3)
TRIES = 10


class Item(NamedTuple):
    """An image of the source, and what its random crop is drawn from; None: centre crop."""

    number: int
    key: tuple[int, int, int] | None  # seed, epoch, position in the epoch


def read_square(source: Numbered, resolution: int, item: Item) -> Pixels:
    """The item's image, cropped and resized: resolution resolution C. Raises: Unreadable, with the file's name."""
    try:
        image = read_pixels(source, item.number)
    except Unreadable as error:
        error.name = source.names[item.number]
        raise
    if item.key is None:
        return fit_square(image, resolution)
    box = random_box(image.shape[1], image.shape[0], np.random.default_rng(item.key))
    return resize_box(image, box, resolution)


def random_box(width: int, height: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of random area, aspect ratio and position, as Inception was trained (arXiv 1409.4842).

    After some misses, as in a very long image, the largest centred square.
    """
    for _ in range(TRIES):
        area = width * height * rng.uniform(*AREA)
        aspect = np.exp(rng.uniform(*np.log(ASPECT)))
        w, h = round(np.sqrt(area * aspect)), round(np.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            left, top = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
            return left, top, left + w, top + h
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side

"""Large images decoded by worker processes while the network trains."""

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from lissom.data.files import Pixels, Unreadable, fit_square, resize_box
from lissom.data.pixels import CachedPixels, StreamedPixels, read_pixels
from lissom.errors import DataError

AREA = (0.25, 1.0)  # share of the image that a random crop keeps; light nets gain nothing from smaller ones
ASPECT = (3 / 4, 4 / 3)
TRIES = 10


class Item(NamedTuple):
    """An image of the source, and what its random crop is drawn from; None: centre crop."""

    place: int
    key: tuple[int, int, int] | None  # seed, epoch, place in the epoch


def stream(
    store: StreamedPixels | CachedPixels, batches: list[list[Item]], *, random_crop: bool, workers: int
) -> Iterator[Pixels]:
    """Each batch decoded, uint8 B H W C, in order. Raises: DataError that names the unreadable files of a batch."""
    assert isinstance(store, StreamedPixels)
    loader = DataLoader(
        _Decoder(store, random_crop=random_crop),
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=_as_they_are,
        generator=torch.Generator().manual_seed(0),  # else the loader draws from the training's own random numbers
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on fork in a process with threads
        decoded = iter(loader)
    for images, bad in decoded:
        if bad:
            raise DataError("image-unreadable", path=", ".join(name for name, _ in bad), reason=bad[0][1])
        yield images


def _as_they_are(batch: Any) -> Any:
    return batch


class _Decoder(Dataset[Any]):
    def __init__(self, store: StreamedPixels, *, random_crop: bool) -> None:
        self._store, self._random_crop = store, random_crop

    def __getitems__(self, items: list[Item]) -> tuple[Pixels, list[tuple[str, str]]]:
        """(images B H W C, unreadable files with reasons): an exception would lose its kind between processes."""
        side, channels = self._store.resolution, self._store.source.channels
        images = np.zeros((len(items), side, side, channels), np.uint8)
        bad = []
        for row, item in enumerate(items):
            try:
                images[row] = self._one(item)
            except Unreadable as error:
                bad.append((self._store.source.names[item.place], str(error)))
        return images, bad

    def _one(self, item: Item) -> Pixels:
        image = read_pixels(self._store.source, item.place)
        if item.key is None or not self._random_crop:
            return fit_square(image, self._store.resolution)
        box = random_box(image.shape[1], image.shape[0], np.random.default_rng(item.key))
        return resize_box(image, box, self._store.resolution)


def random_box(width: int, height: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of random area, aspect and place, as Inception was trained (arXiv 1409.4842).

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

"""Decoded images by their number: from a memory-mapped array, or decoded each time they are asked for.

Small images are decoded once: 60,000 JPEGs of 32x32 take 6 s to decode and 0.1 ms each to read again. No torch here.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.data.files import Pixels, Unreadable, decode, fit_square
from lissom.data.sources import Images
from lissom.data.storing import store
from lissom.errors import DataError
from lissom.events import Advanced, Listener
from lissom.plain import to_json

SMALL_SIDE = 96  # pixels: longer sides are streamed
LARGEST_CACHE = 4 << 30  # bytes
CHUNK = 512  # images decoded before they are written
NAMED = 20  # unreadable files that the sentence lists


class NotSmall(Exception):
    """An image is larger than the sample of its data set promised."""


class CachedPixels:
    """A memory-mapped uint8 array N H W C; pickles as its path."""

    small = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._array: NDArray[np.uint8] | None = None

    @property
    def array(self) -> NDArray[np.uint8]:
        array = self._array
        if array is None:
            array = self._array = np.load(self.path, mmap_mode="r")
        return array

    def take(self, indices: NDArray[np.int64]) -> Pixels:
        """N H W C, a copy."""
        return np.take(self.array, indices, axis=0)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_array": None}


class StreamedPixels:
    """Images decoded anew each time, in this process."""

    small = False

    def __init__(self, source: Images, resolution: int) -> None:
        self.source, self.resolution = source, resolution

    def take(self, indices: NDArray[np.int64]) -> Pixels:
        """N H W C, centre-cropped. Raises: DataError that names the file."""
        images = []
        for index in indices:
            try:
                images.append(fit_square(read_pixels(self.source, int(index)), self.resolution))
            except Unreadable as error:
                raise DataError("image-unreadable", path=self.source.names[index], reason=error) from error
        shape = (0, self.resolution, self.resolution, self.source.channels)
        return np.stack(images) if images else np.zeros(shape, np.uint8)


def read_pixels(source: Images, index: int) -> Pixels:
    """One image of a source, H W C at its own size. Raises: Unreadable."""
    data = source.read(index)
    return decode(data, channels=source.channels) if isinstance(data, bytes) else data


def cached(
    source: Images, path: Path, resolution: int, *, largest_side: int | None, listener: Listener
) -> CachedPixels:
    """The array at `path`, decoded first where it is not there or not whole.

    Raises: NotSmall at an image with a longer side than `largest_side`; DataError that names unreadable images.
    """
    shape = (len(source.names), resolution, resolution, source.channels)
    if not _is_whole(path, shape):
        with store(path) as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for rows in _decoded(source, resolution, largest_side, listener):
                file.write(rows.tobytes())
    return CachedPixels(path)


def _is_whole(path: Path, shape: tuple[int, ...]) -> bool:
    if not path.is_file():
        return False
    try:
        array = np.load(path, mmap_mode="r")
    except (ValueError, OSError, EOFError):
        return False
    return array.shape == shape and array.dtype == np.uint8


def _decoded(source: Images, resolution: int, largest_side: int | None, listener: Listener) -> Iterator[Pixels]:
    """All images in order, in chunks N H W C; unreadable ones are collected, then raised together."""
    bad: list[tuple[str, str]] = []
    total = len(source.names)
    for start in range(0, total, CHUNK):
        rows = np.zeros((min(CHUNK, total - start), resolution, resolution, source.channels), np.uint8)
        for row in range(len(rows)):
            try:
                image = read_pixels(source, start + row)
            except Unreadable as error:
                bad.append((source.names[start + row], str(error)))
                continue
            if largest_side and max(image.shape[:2]) > largest_side:
                raise NotSmall
            rows[row] = fit_square(image, resolution)
        listener(Advanced(what="images", done=start + len(rows), total=total))
        if not bad:
            yield rows
    if bad:
        raise unreadable(source, bad)


def verify(source: Images, record: Path, *, listener: Listener) -> None:
    """Decodes every image once, so that none is found broken an hour later; `record` remembers that all were good.

    Raises: DataError that names unreadable images.
    """
    if record.is_file():
        return
    bad: list[tuple[str, str]] = []
    total = len(source.names)
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow decodes outside the interpreter's lock
        for start in range(0, total, CHUNK):
            stop = min(start + CHUNK, total)
            reasons = pool.map(lambda index: _reason(source, index), range(start, stop))
            bad += [(source.names[start + row], reason) for row, reason in enumerate(reasons) if reason]
            listener(Advanced(what="images", done=stop, total=total))
    if bad:
        raise unreadable(source, bad)
    with store(record) as file:
        file.write(to_json({"source": source.digest, "images": total}).encode())


def _reason(source: Images, index: int) -> str | None:
    try:
        read_pixels(source, index)
    except Unreadable as error:
        return str(error)
    return None


def unreadable(source: Images, bad: list[tuple[str, str]]) -> DataError:
    """The error that names broken images, the first of them in its sentence."""
    listed = "; ".join(f"{name} ({reason})" for name, reason in bad[:NAMED])
    more = f"; +{len(bad) - NAMED}" if len(bad) > NAMED else ""
    return DataError(
        "images-unreadable", path=source.name, count=len(bad), total=len(source.names), files=listed + more
    )

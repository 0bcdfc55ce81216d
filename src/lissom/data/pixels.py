"""Decoded images by their number: from a memory-mapped file, or decoded each time they are asked for.

Small images are decoded once: 60,000 JPEGs of 32x32 take 6 s to decode and 0.1 ms each to read again. The pixels are
the same either way. No torch here.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lissom.data.files import Pixels, Unreadable, decode, fit_square
from lissom.data.scales import Scales
from lissom.data.sealed import is_sound, sealing
from lissom.data.side_by_side import look_at_each
from lissom.data.sources import Images
from lissom.data.storing import store
from lissom.errors import DataError, MachineError
from lissom.events import Advanced, Listener

SMALL_SIDE = 96  # pixels: the longest side of any image of a small data set
LARGEST_CACHE = 4 << 30  # bytes
FEW = 8  # of those that are kept at their full size: 12 megapixels are 36 MB
NAMED = 20  # unreadable files that the sentence lists


class CachedPixels:
    """A memory-mapped uint8 array N H W C; pickles as its path."""

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


class Numbered(Protocol):
    """What images are read from by their number: a source, or its images decoded before. Pickles without open files."""

    names: list[str]
    channels: int
    scales: Scales | None

    def read(self, index: int) -> bytes | Pixels: ...


class KeptImages:
    """The images of a source, decoded, in one memory-mapped file: all pixels, then int64 N 2 of heights and widths."""

    def __init__(self, source: Images, path: Path) -> None:
        self.names, self.channels, self.path = source.names, source.channels, path
        self.scales = source.scales
        self._mapped: tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]] | None = None

    def read(self, index: int) -> Pixels:
        """H W C at its own size."""
        if self._mapped is None:
            mapped = np.memmap(self.path, np.uint8, "r")
            sizes = np.frombuffer(mapped[len(mapped) - 16 * len(self.names) :].tobytes(), np.int64).reshape(-1, 2)
            ends = np.cumsum(sizes.prod(1) * self.channels)
            self._mapped = mapped, sizes, ends
        mapped, sizes, ends = self._mapped
        height, width = sizes[index].tolist()
        start = int(ends[index]) - height * width * self.channels
        return np.array(mapped[start : int(ends[index])]).reshape(height, width, self.channels)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_mapped": None}


class StreamedPixels:
    """Images read anew each time; `workers` processes read ahead where whole batches are wanted in order."""

    def __init__(self, source: Numbered, resolution: int, *, workers: int = 2) -> None:
        self.source, self.resolution, self.workers = source, resolution, workers

    def take(self, indices: NDArray[np.int64]) -> Pixels:
        """N H W C, centre-cropped, read by this process. Raises: DataError that names the file."""
        images = []
        for index in indices:
            try:
                images.append(fit_square(read_pixels(self.source, int(index)), self.resolution))
            except Unreadable as error:
                raise DataError("image-unreadable", path=self.source.names[index], reason=error) from error
        shape = (0, self.resolution, self.resolution, self.source.channels)
        return np.stack(images) if images else np.zeros(shape, np.uint8)


def read_pixels(source: Numbered, index: int) -> Pixels:
    """One image of a source, H W C at its own size. Raises: Unreadable."""
    data = source.read(index)
    return decode(data, channels=source.channels, scales=source.scales).pixels if isinstance(data, bytes) else data


def cached(source: Images, path: Path, resolution: int, *, workers: int, listener: Listener) -> CachedPixels:
    """The centred squares of all images in the array at `path`, decoded first where it is not there or not whole.

    Raises: DataError that names unreadable images.
    """
    if not is_sound(path):
        shape = (len(source.names), resolution, resolution, source.channels)
        fit = partial(fit_square, resolution=resolution)
        with sealing(path) as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for rows in _decoded(source, fit, workers=workers, listener=listener):
                file.write(np.stack(rows).tobytes())
    return CachedPixels(path)


def kept(source: Images, path: Path, *, workers: int, listener: Listener) -> KeptImages:
    """All images at their own size in the file at `path`, decoded first where it is not there or not whole.

    Raises: DataError that names unreadable images.
    """
    if not is_sound(path):
        sizes: list[tuple[int, ...]] = []
        with sealing(path) as file:
            for images in _decoded(source, _whole, workers=workers, few=True, listener=listener):
                for image in images:
                    file.write(np.ascontiguousarray(image).data)
                    sizes.append(image.shape[:2])
            file.write(np.array(sizes, np.int64).tobytes())
    return KeptImages(source, path)


def verify(source: Images, record: Path, *, workers: int, listener: Listener) -> None:
    """Decodes every image once, so that none is found broken an hour later; `record` remembers that all were good.

    Raises: DataError that names unreadable images.
    """
    proof = hashlib.blake2b(f"{record.name} {len(source.names)}".encode(), digest_size=32).hexdigest().encode()
    with contextlib.suppress(OSError):
        if record.read_bytes() == proof:
            return
    for _ in _decoded(source, _nothing, workers=workers, listener=listener):
        pass
    try:
        with store(record) as file:
            file.write(proof)
    except MachineError as error:  # a cache that cannot be written costs time alone
        if error.kind == "cache-not-ours":
            raise


def _whole(image: Pixels) -> Pixels:
    return image


def _nothing(image: Pixels) -> None:
    return None


def _decoded(
    source: Images, take: Callable[[Pixels], Any], *, workers: int, few: bool = False, listener: Listener
) -> Iterator[list[Any]]:
    """What `take` gives of all images in order, in chunks; unreadable ones are collected, then raised together.

    workers: as `look_at_each`. few: at a time, of those that are large.
    """
    bad: list[tuple[str, str]] = []
    done, total = 0, len(source.names)
    chunk = {"chunk": FEW, "forks": False} if few else {}
    for taken in look_at_each(partial(_taken, source, take), total, workers=workers, **chunk):
        named = zip(source.names[done : done + len(taken)], taken, strict=True)
        bad += [(name, str(reason)) for name, reason in named if isinstance(reason, Unreadable)]
        done += len(taken)
        listener(Advanced(what="images", done=done, total=total))
        if not bad:
            yield taken
    if bad:
        raise unreadable(source, bad)


def _taken(source: Images, take: Callable[[Pixels], Any], index: int) -> Any:
    """What `take` gives, or why the image cannot be read."""
    try:
        return take(read_pixels(source, index))
    except Unreadable as error:
        return error


def unreadable(source: Images, bad: list[tuple[str, str]]) -> DataError:
    """The error that names broken images, the first of them in its sentence."""
    listed = "; ".join(f"{name} ({reason})" for name, reason in bad[:NAMED])
    more = f"; +{len(bad) - NAMED}" if len(bad) > NAMED else ""
    return DataError(
        "images-unreadable", path=source.name, count=len(bad), total=len(source.names), files=listed + more
    )

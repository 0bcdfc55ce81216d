"""What a data set is before it is pixels: classes, names, labels, and each image's bytes or array, read lazily."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lissom.data.digests import digest_of, look_at
from lissom.data.files import Pixels
from lissom.data.sources import Files, Images, open_files
from lissom.events import Listener, silent
from lissom.tasks.classify.data.cifar import CIFAR, SIDE, CifarSource, find_cifar, find_named
from lissom.tasks.classify.data.content import Content
from lissom.tasks.classify.data.layout import arrange


class Source(Images, Protocol):
    """Images of one class each."""

    class_names: tuple[str, ...]
    labels: NDArray[np.int64]
    parts: NDArray[np.str_]  # "train", "val", "test" or ""
    skipped: list[str]  # files that are no images
    empty: list[str]  # class folders without images

    def content(self, cache_dir: Path, listener: Listener) -> Content: ...


class ClassFolders:
    """`class/image` in a folder or an archive, with `train/` and `val|test/` above or not."""

    def __init__(self, files: Files, *, channels: int = 3) -> None:
        self.channels = channels
        layout = arrange(files.names, files.folders, where=str(files.path))
        self.name = files.path.name.partition(".")[0] if files.path.is_file() else files.path.resolve().name
        self.class_names, self.names, self.labels = layout.class_names, layout.names, layout.labels
        self.parts, self.skipped, self.empty = layout.parts, layout.skipped, layout.empty
        self._files, self._items = files, layout.items

    def read(self, index: int) -> bytes:
        return self._files.read(self.names[index])

    def content(self, cache_dir: Path, listener: Listener) -> Content:
        """By name below the enclosing folders: `train/class/image`, or `class/image`."""
        looks = look_at(self._files, self.names, cache_dir=cache_dir, listener=listener)
        digests = {item: look.digest for item, look in zip(self._items, looks, strict=True)}
        return Content(digests, self._items, np.array([look.side for look in looks], np.int64))


class Digits:
    """scikit-learn's embedded scans of handwritten digits: 1,797 of 8x8 pixels in 17 greys, enlarged to 32x32."""

    name = "digits"
    class_names = tuple("0123456789")
    channels = 1

    def __init__(self) -> None:
        from sklearn.datasets import load_digits

        scans: Any = load_digits()
        self._pixels = np.rint(scans.images * (255 / 16)).astype(np.uint8)[..., None]
        self.labels = scans.target.astype(np.int64)
        self.names = [f"digits/{index:04d}" for index in range(len(self.labels))]
        self.parts = np.full(len(self.labels), "", np.str_)
        self.skipped: list[str] = []
        self.empty: list[str] = []

    def read(self, index: int) -> Pixels:
        return self._pixels[index]

    def content(self, cache_dir: Path, listener: Listener) -> Content:
        """One item, seen as images of 32 pixels."""
        digests = {self.name: digest_of(self._pixels.tobytes() + self.labels.tobytes())}
        return Content(digests, [self.name] * len(self.names), np.full(len(self.names), SIDE))


def open_source(
    spec: str, *, cache_dir: Path, download: bool = False, channels: int = 3, listener: Listener = silent
) -> Source:
    """`digits`, `cifar10`, `cifar100`, or the path of a class folder, an archive of one, or a CIFAR archive.

    `channels`: 1 reads the files of class folders as grey. `listener` is told of bytes fetched.
    Raises: DataError for a path that is not there or holds no such thing.
    """
    if spec == Digits.name:
        return Digits()
    if spec in CIFAR:
        return CifarSource(spec, find_named(spec, cache_dir=cache_dir, download=download, listener=listener))
    path = Path(spec).expanduser()
    files = open_files(path, cache_dir=cache_dir, known=(Digits.name, *CIFAR))
    variant = find_cifar(files.names)
    return CifarSource(variant, files) if variant else ClassFolders(files, channels=channels)

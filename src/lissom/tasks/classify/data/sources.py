"""What a data set is before it is pixels: classes, names, labels, and each image's bytes or array, read lazily."""

import contextlib
import os
import posixpath
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lissom.data.digests import digest_of, look_at
from lissom.data.files import Pixels, Unreadable
from lissom.data.folders import FolderFiles
from lissom.data.left_out import LeftOut
from lissom.data.names import is_writable, printable
from lissom.data.scales import Scales
from lissom.data.sources import Files, Images, open_files
from lissom.errors import DataError, MachineError
from lissom.events import Listener, Note, silent
from lissom.tasks.classify.data.cifar import CIFAR, SIDE, CifarSource, find_cifar, find_named
from lissom.tasks.classify.data.content import Content
from lissom.tasks.classify.data.layout import Layout, arrange
from lissom.tasks.classify.data.lists import is_list, listed, read_lines


class Source(Images, Protocol):
    """Images of one class each."""

    class_names: tuple[str, ...]
    labels: NDArray[np.int64]
    parts: NDArray[np.str_]  # "train", "val", "test" or ""

    @property
    def left_out(self) -> Sequence[LeftOut]: ...  # files that are not used
    @property
    def empty(self) -> Sequence[str]: ...  # class folders without images
    @property
    def notes(self) -> Sequence[Note]: ...  # on how its files were read

    def content(self, cache_dir: Path, listener: Listener, *, workers: int = 0) -> Content: ...


class ImageFiles:
    """Image files whose classes and splits their folders or a list tell."""

    def __init__(self, name: str, files: Files, layout: Layout, *, channels: int = 3) -> None:
        self.name, self.channels = name, channels
        self.scales: Scales | None = None
        self.class_names, self.names, self.labels = layout.class_names, layout.names, layout.labels
        self.parts, self.empty = layout.parts, layout.empty
        self.left_out, self.notes = [*files.left_out, *layout.left_out], files.notes
        self._files, self._items = files, layout.items

    def read(self, index: int) -> bytes:
        return self._files.read(self.names[index])

    def content(self, cache_dir: Path, listener: Listener, *, workers: int = 0) -> Content:
        """By name below the enclosing folders: `train/class/image` or `class/image`; of a list `split/label/name`."""
        looks = look_at(self._files, self.names, cache_dir=cache_dir, workers=workers, listener=listener)
        digests = {item: look.digest for item, look in zip(self._items, looks, strict=True)}
        sides, kinds = [look.side for look in looks], [look.kind or "" for look in looks]
        return Content(digests, self._items, np.array(sides, np.int64), np.array(kinds, np.str_))


class Digits:
    """scikit-learn's embedded scans of handwritten digits: 1,797 of 8x8 pixels in 17 greys, enlarged to 32x32."""

    name = "digits"
    class_names = tuple("0123456789")
    channels = 1
    scales: Scales | None = None
    left_out: Sequence[LeftOut] = ()
    empty: Sequence[str] = ()
    notes: tuple[Note, ...] = ()

    def __init__(self) -> None:
        from sklearn.datasets import load_digits

        scans: Any = load_digits()
        self._pixels = np.rint(scans.images * (255 / 16)).astype(np.uint8)[..., None]
        self.labels = scans.target.astype(np.int64)
        self.names = [f"digits/{index:04d}" for index in range(len(self.labels))]
        self.parts = np.full(len(self.labels), "", np.str_)

    def read(self, index: int) -> Pixels:
        return self._pixels[index]

    def content(self, cache_dir: Path, listener: Listener, *, workers: int = 0) -> Content:
        """One item, seen as images of 32 pixels."""
        digests = {self.name: digest_of(self._pixels.tobytes() + self.labels.tobytes())}
        count = len(self.names)
        return Content(digests, [self.name] * count, np.full(count, SIDE), np.full(count, ""))


def open_source(
    spec: str, *, cache_dir: Path, download: bool = False, channels: int = 3, listener: Listener = silent
) -> Source:
    """`digits`, `cifar10`, `cifar100`, or the path of class folders, of an archive of them, of a list of images with
    their labels, or of a CIFAR archive.

    `channels`: 1 reads image files as grey. `listener` is told of bytes fetched.
    Raises: DataError for a path that is not there or holds no such thing.
    """
    if spec == Digits.name:
        return Digits()
    if spec in CIFAR:
        return CifarSource(spec, find_named(spec, cache_dir=cache_dir, download=download, listener=listener))
    if not is_writable(spec):
        raise DataError("data-path-encoding", path=printable(spec))
    path = Path(spec).expanduser()
    if is_list(path.name) and path.is_file():
        return ImageFiles(path.stem, *_by_list(path), channels=channels)
    files = open_files(path, cache_dir=cache_dir, known=(Digits.name, *CIFAR))
    variant = find_cifar(files.names)
    if variant:
        return CifarSource(variant, files)
    name = path.name.partition(".")[0] if path.is_file() else path.resolve().name
    return ImageFiles(name, files, _layout(files), channels=channels)


def _by_list(path: Path) -> tuple[Files, Layout]:
    """The files in the folders that a list names, and the layout that it gives them."""
    try:
        lines, here = read_lines(path.read_bytes(), where=str(path)), os.path.abspath(path.parent)
    except PermissionError as error:
        raise MachineError("data-no-permission", path=path) from error
    named = {os.path.normpath(os.path.join(here, os.path.dirname(line.file.replace("\\", "/")))) for line in lines}
    folders = list(filter(os.path.isdir, named))
    root = Path(os.path.commonpath([here, *folders]))
    files = FolderFiles(root, only=[_below(root, folder) for folder in folders])
    return files, listed(lines, files.names, folder=_below(root, here), where=str(path))


def _below(root: Path, folder: str) -> str:
    """The way down to a folder, "" to the root itself."""
    return "/".join(Path(folder).relative_to(root).parts)


def _layout(files: Files) -> Layout:
    """By folders; where these tell no two classes, by the only list among the files, if it fits them.

    Raises: DataError for images in no class folder.
    """
    try:
        layout = arrange(files.names, files.folders, where=str(files.path))
    except DataError:
        if layout := _by_only_list(files):
            return layout
        raise
    return layout if len(layout.class_names) > 1 else _by_only_list(files) or layout


def _by_only_list(files: Files) -> Layout | None:
    lists = [name for name in files.names if is_list(name)]
    with contextlib.suppress(DataError, Unreadable):
        if len(lists) == 1:
            lines = read_lines(files.read(lists[0]), where=lists[0])
            return listed(lines, files.names, folder=posixpath.dirname(lists[0]), where=lists[0])
    return None

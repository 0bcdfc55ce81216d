"""What a data set is before it is pixels: classes, names, labels, and each image's bytes or array, read lazily."""

import errno
import hashlib
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lissom.data.archives import is_archive, open_archive
from lissom.data.cifar import CIFAR, CifarSource, find_cifar, find_named
from lissom.data.files import Pixels
from lissom.data.folders import FolderFiles, arrange
from lissom.errors import DataError, MachineError

Progress = Callable[[int, int], None]  # bytes fetched so far, bytes in all


class Files(Protocol):
    """A folder or an archive. `read` raises Unreadable."""

    path: Path
    names: list[str]
    folders: set[str]

    def read(self, name: str) -> bytes: ...
    def digest(self) -> str: ...


class Source(Protocol):
    """Images by number. Pickles without open files; each process opens its own."""

    name: str
    class_names: tuple[str, ...]
    names: list[str]
    labels: NDArray[np.int64]
    parts: NDArray[np.str_]  # "train", "val", "test" or ""
    channels: int
    skipped: list[str]  # files that are no images
    empty: list[str]  # class folders without images
    digest: str

    def read(self, index: int) -> bytes | Pixels:
        """The file's bytes or the decoded image H W C. Raises: Unreadable."""
        ...


class ClassFolders:
    """`class/image` in a folder or an archive, with `train/` and `val|test/` above or not."""

    def __init__(self, files: Files, *, channels: int = 3) -> None:
        self.channels = channels
        layout = arrange(files.names, files.folders, where=str(files.path))
        self.name = files.path.name.partition(".")[0] if files.path.is_file() else files.path.resolve().name
        self.class_names, self.names, self.labels = layout.class_names, layout.names, layout.labels
        self.parts, self.skipped, self.empty = layout.parts, layout.skipped, layout.empty
        self.digest = files.digest()
        self._files = files

    def read(self, index: int) -> bytes:
        return self._files.read(self.names[index])


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
        self.digest = hashlib.sha256(self._pixels.tobytes()).hexdigest()

    def read(self, index: int) -> Pixels:
        return self._pixels[index]


def open_source(
    spec: str, *, cache_dir: Path, download: bool = False, channels: int = 3, progress: Progress | None = None
) -> Source:
    """`digits`, `cifar10`, `cifar100`, or the path of a class folder, an archive of one, or a CIFAR archive.

    `channels`: 1 reads the files of class folders as grey. `progress(done, total)` is told of bytes fetched.
    Raises: DataError for a path that is not there or holds no such thing.
    """
    if spec == Digits.name:
        return Digits()
    if spec in CIFAR:
        return CifarSource(spec, find_named(spec, cache_dir=cache_dir, download=download, progress=progress))
    path = Path(spec).expanduser()
    files = open_files(path, cache_dir=cache_dir)
    variant = find_cifar(files.names)
    return CifarSource(variant, files) if variant else ClassFolders(files, channels=channels)


def open_files(path: Path, *, cache_dir: Path) -> Files:
    """The folder or archive at `path`."""
    try:
        mode = path.stat().st_mode
    except PermissionError as error:
        raise MachineError("data-no-permission", path=path) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DataError("data-link-loop", path=path) from error
        raise DataError("data-not-found", path=path, known=", ".join((Digits.name, *CIFAR))) from error
    if stat.S_ISDIR(mode):
        return FolderFiles(path)
    if not is_archive(path):
        raise DataError("data-not-an-archive", path=path)
    return open_archive(path, cache_dir=cache_dir)

"""CIFAR-10 and CIFAR-100 (Krizhevsky, 2009) as published: python or binary form, packed or not.

The python form is a pickle, of which nothing is run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.data.archives import open_archive
from lissom.data.digests import look_at
from lissom.data.download import fetch
from lissom.data.files import Pixels, Unreadable
from lissom.data.folders import FolderFiles
from lissom.data.left_out import LeftOut
from lissom.data.plain_pickle import read_pickle, texts
from lissom.data.scales import Scales
from lissom.data.sources import Files
from lissom.errors import DataError, DataMissing
from lissom.events import Listener, Note, silent
from lissom.tasks.classify.data.content import Content

SIDE, CHANNELS = 32, 3
PLANES = SIDE * SIDE * CHANNELS  # bytes of an image: the red plane, then green, then blue
PAGE = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class Variant:
    """The files of one of the two data sets, each with its part, and where its python form is published."""

    title: str
    python: tuple[tuple[str, str], ...]
    binary: tuple[tuple[str, str], ...]
    python_names: tuple[str, str]  # file of the class names, and its key
    binary_names: str
    python_labels: str
    label_bytes: int  # of a record of the binary form; the last one is the class
    address: str
    md5: str
    folder: str


CIFAR = {
    "cifar10": Variant(
        title="CIFAR-10",
        python=(*((f"data_batch_{n}", "train") for n in range(1, 6)), ("test_batch", "test")),
        binary=(*((f"data_batch_{n}.bin", "train") for n in range(1, 6)), ("test_batch.bin", "test")),
        python_names=("batches.meta", "label_names"),
        binary_names="batches.meta.txt",
        python_labels="labels",
        label_bytes=1,
        address=f"{PAGE}cifar-10-python.tar.gz",
        md5="c58f30108f718f92721af3b95e74349a",
        folder="cifar-10-batches-py",
    ),
    "cifar100": Variant(
        title="CIFAR-100",
        python=(("train", "train"), ("test", "test")),
        binary=(("train.bin", "train"), ("test.bin", "test")),
        python_names=("meta", "fine_label_names"),
        binary_names="fine_label_names.txt",
        python_labels="fine_labels",
        label_bytes=2,
        address=f"{PAGE}cifar-100-python.tar.gz",
        md5="eb9058c3a382ffc7106e4002c42a8d85",
        folder="cifar-100-python",
    ),
}


def find_cifar(names: list[str]) -> str | None:
    """`cifar10` or `cifar100` where the file names are those of one of its two forms, else None."""
    found = {name.rpartition("/")[2] for name in names if name.count("/") < 2}
    for key, variant in CIFAR.items():
        python = {variant.python_names[0], *(name for name, _ in variant.python)}
        binary = {variant.binary_names, *(name for name, _ in variant.binary)}
        if python <= found or binary <= found:
            return key
    return None


def find_named(key: str, *, cache_dir: Path, download: bool, listener: Listener = silent) -> Files:
    """The archive of `cifar10` or `cifar100` in the cache, fetched first where `download` allows it.

    Raises: DataError where it is not there and may not be fetched, and as `fetch` does.
    """
    variant = CIFAR[key]
    folder = cache_dir / "downloads"
    unpacked, archive = folder / variant.folder, folder / PurePosixPath(variant.address).name
    if unpacked.is_dir():
        return FolderFiles(unpacked)
    if not archive.is_file():
        if not download:
            raise DataMissing("data-not-downloaded", name=key, address=variant.address, path=archive)
        fetch(variant.address, archive, md5=variant.md5, listener=listener)
    return open_archive(archive, cache_dir=cache_dir)


class CifarSource:
    """All images of one archive, in the order of its files. 180 MB, read when the first image is."""

    channels = CHANNELS
    scales: Scales | None = None
    left_out: Sequence[LeftOut] = ()
    empty: Sequence[str] = ()
    notes: tuple[Note, ...] = ()

    def __init__(self, key: str, files: Files) -> None:
        self.name = key
        self._files, self._variant = files, CIFAR[key]
        self._paths = {PurePosixPath(name).name: name for name in files.names}
        self._python = self._variant.python_names[0] in self._paths
        self._pixels: NDArray[np.uint8] | None = None
        self._parts = self._variant.python if self._python else self._variant.binary
        self.class_names = self._class_names()
        self._read_all()

    def read(self, index: int) -> Pixels:
        if self._pixels is None:  # after unpickling
            self._read_all()
        assert self._pixels is not None
        return self._pixels[index].reshape(CHANNELS, SIDE, SIDE).transpose(1, 2, 0)  # planes -> H W C

    def content(self, cache_dir: Path, listener: Listener, *, workers: int = 0) -> Content:
        """Each published file is an item, that of the class names included."""
        files = [name for name, _ in self._parts]
        files.append(self._variant.python_names[0] if self._python else self._variant.binary_names)
        looks = look_at(self._files, [self._paths[file] for file in files], cache_dir=cache_dir, listener=listener)
        digests = {file: look.digest for file, look in zip(files, looks, strict=True)}
        count = len(self.names)
        items = [name.rpartition(":")[0] for name in self.names]
        return Content(digests, items, np.full(count, SIDE), np.full(count, ""))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pixels": None}

    def _read_all(self) -> None:
        pixels, labels, parts, names = [], [], [], []
        for name, part in self._parts:
            rows, row_labels = self._read_python(name) if self._python else self._read_binary(name)
            pixels.append(rows)
            labels.append(row_labels)
            parts += [part] * len(rows)
            names += [f"{name}:{row}" for row in range(len(rows))]
        self._pixels = np.concatenate(pixels)
        self.labels, self.parts, self.names = np.concatenate(labels), np.array(parts, np.str_), names
        if not len(names) or self.labels.min() < 0 or self.labels.max() >= len(self.class_names):
            raise self._damaged("labels")

    def _class_names(self) -> tuple[str, ...]:
        file, key = self._variant.python_names
        if not self._python:
            names = tuple(self._bytes(self._variant.binary_names).decode("utf-8", "replace").split())
        else:
            names = texts(self._table(file).get(key))
        if not names:
            raise self._damaged(file)
        return names

    def _read_python(self, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """(pixels N 3072, labels N) of one pickled file."""
        table = self._table(name)
        rows, labels = table.get("data"), table.get(self._variant.python_labels)
        if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.shape[1:] != (PLANES,):
            raise self._damaged(name)
        if not isinstance(labels, list) or len(labels) != len(rows):
            raise self._damaged(name)
        if not all(type(label) is int and 0 <= label < len(self.class_names) for label in labels):
            raise self._damaged(name)
        return rows, np.array(labels, np.int64)

    def _read_binary(self, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """(pixels N 3072, labels N) of records of one or two label bytes and an image."""
        data = np.frombuffer(self._bytes(name), np.uint8)
        record = self._variant.label_bytes + PLANES
        if not len(data) or len(data) % record:
            raise self._damaged(name)
        rows = data.reshape(-1, record)
        return rows[:, -PLANES:], rows[:, -PLANES - 1].astype(np.int64)

    def _table(self, name: str) -> dict[str, Any]:
        try:
            return read_pickle(self._bytes(name))
        except DataError:
            raise
        except ValueError as error:
            raise self._damaged(name) from error

    def _bytes(self, name: str) -> bytes:
        try:
            return self._files.read(self._paths[name])
        except Unreadable as error:
            raise self._damaged(name) from error

    def _damaged(self, name: str) -> DataError:
        return DataError("cifar-damaged", path=self._files.path, name=name, title=self._variant.title)

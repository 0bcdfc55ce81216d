"""The files below a folder, and which of them are images of which class and part."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from lissom.data.files import is_image_name, read_bytes
from lissom.errors import DataError, MachineError

PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
JUNK = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})


class FolderFiles:
    """A folder as a list of files: `names` relative to it, with "/" on every system, sorted; `folders` likewise.

    Raises: DataError for a loop of symbolic links, MachineError for a folder that may not be read.
    """

    def __init__(self, root: Path) -> None:
        self.path = root
        self.names: list[str] = []
        self.folders: set[str] = set()
        self._stamps: list[tuple[str, int, int]] = []
        for entry, name, is_folder in _walk(str(root), "", ()):
            if is_folder:
                self.folders.add(name)
            else:
                self._add(entry, name)
        self.names.sort()

    def _add(self, entry: os.DirEntry[str], name: str) -> None:
        try:
            status = entry.stat()
            stamp = (name, status.st_size, status.st_mtime_ns)
        except OSError:  # a link to nowhere: reading it will say so
            stamp = (name, -1, 0)
        self.names.append(name)
        self._stamps.append(stamp)

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises: Unreadable."""
        return read_bytes(self.path / name)

    def digest(self) -> str:
        """A hash of every file's name, size and time of change: reading all contents would cost minutes."""
        return hashlib.sha256(repr(sorted(self._stamps)).encode()).hexdigest()


Found = tuple[os.DirEntry[str], str, bool]


def _walk(folder: str, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[Found]:
    """Entries at any depth, relative names, whether folders; links to folders are followed, but not to one above."""
    try:
        status = os.stat(folder)
        entries = sorted(os.scandir(folder), key=lambda e: e.name)
    except PermissionError as error:
        raise MachineError("data-no-permission", path=folder) from error
    here = (status.st_dev, status.st_ino)
    if here in above:
        raise DataError("data-link-loop", path=folder)
    for entry in entries:
        if is_junk(entry.name):
            continue
        name, is_folder = prefix + entry.name, _is_folder(entry)
        yield entry, name, is_folder
        if is_folder:
            yield from _walk(entry.path, f"{name}/", (*above, here))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:  # a link that leads to itself
        raise DataError("data-link-loop", path=entry.path) from error


def is_junk(name: str) -> bool:
    """Whether a file or folder of that name is a system's own: `.DS_Store`, `__MACOSX`, `.git`, `Thumbs.db`."""
    return name.startswith(".") or name in JUNK


@dataclass(frozen=True)
class Layout:
    """Images of class folders, and the files and class folders without any.

    `parts` holds "train", "val", "test" or "" where the images are not in parts.
    """

    class_names: tuple[str, ...]
    names: list[str]
    labels: NDArray[np.int64]
    parts: NDArray[np.str_]
    skipped: list[str]
    empty: list[str]


def arrange(names: Iterable[str], folders: Iterable[str], *, where: str) -> Layout:
    """Class and part of each image of `names`, which may all stand in one or more enclosing folders.

    `train/class/image` with `val|valid|validation/` or `test/` beside it, or `class/image`; deeper folders belong to
    their class. `where` names the source in errors. Raises: DataError where there is no image in a class folder.
    """
    names = list(names)
    images = [name for name in names if is_image_name(name)]
    prefix = _enclosing(images)
    in_parts = any(_folder(name, prefix)[0] == "train" and len(_folder(name, prefix)) > 1 for name in images)
    rows, skipped = [], sorted(set(names) - set(images))
    for name in images:
        folder = _folder(name, prefix)
        part = PARTS.get(folder[0]) if in_parts and folder else ""
        if part is None or len(folder) < 1 + in_parts:  # beside the parts, or beside the class folders
            skipped.append(name)
        else:
            rows.append((part, folder[int(in_parts)], name))
    if not rows:
        raise DataError("data-no-images", path=where)
    rows.sort()
    found = {(part, label) for part, label, _ in rows}
    empty = [f"{part}/{label}".lstrip("/") for part, label in _class_folders(folders, prefix, in_parts) - found]
    class_names = tuple(sorted({label for _, label in found}))
    numbers = {name: number for number, name in enumerate(class_names)}
    labels = np.array([numbers[label] for _, label, _ in rows], np.int64)
    parts = np.array([row[0] for row in rows], np.str_)
    return Layout(class_names, [row[2] for row in rows], labels, parts, sorted(skipped), sorted(empty))


def _folder(name: str, prefix: int) -> tuple[str, ...]:
    """The folders that an image stands in, without the first `prefix`."""
    return PurePosixPath(name).parts[prefix:-1]


def _enclosing(images: list[str]) -> int:
    """How many folders enclose all images and are neither a part nor the only class."""
    depth = 0
    folders = [PurePosixPath(name).parts[:-1] for name in images]
    while folders and all(len(f) > depth + 1 and f[depth] == folders[0][depth] for f in folders):
        if folders[0][depth] in PARTS:
            break
        depth += 1
    return depth


def _class_folders(folders: Iterable[str], prefix: int, in_parts: bool) -> set[tuple[str, str]]:
    """(part, class) of each folder at the depth of the classes, empty ones included."""
    found = set()
    for folder in folders:
        parts = PurePosixPath(folder).parts[prefix:]
        if len(parts) == 1 + in_parts and (not in_parts or parts[0] in PARTS):
            found.add((PARTS[parts[0]] if in_parts else "", parts[-1]))
    return found

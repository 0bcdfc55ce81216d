"""The files below a folder."""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from lissom.data.files import read_bytes
from lissom.errors import DataError, MachineError

YOUNG_NS = 2 * 10**9  # FAT keeps times in steps of two seconds: a file may change within one unseen
JUNK = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})


class FolderFiles:
    """A folder as a list of files: `names` relative to it, with "/" on every system, sorted; `folders` likewise.

    Raises: DataError for a loop of symbolic links, MachineError for a folder that may not be read.
    """

    def __init__(self, root: Path) -> None:
        self.path = root
        self.names: list[str] = []
        self.folders: set[str] = set()
        self._stamps: dict[str, str] = {}
        for entry, name, is_folder in _walk(str(root), "", ()):
            if is_folder:
                self.folders.add(name)
            else:
                self._add(entry, name)
        self.names.sort()

    def _add(self, entry: os.DirEntry[str], name: str) -> None:
        try:
            self._stamps[name] = stamp_of(entry.stat())
        except OSError:  # a link to nowhere: reading it will say so
            self._stamps[name] = ""
        self.names.append(name)

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises: Unreadable."""
        return read_bytes(self.path / name)

    def stamp(self, name: str) -> str:
        """As `stamp_of`, when the folder was listed."""
        return self._stamps[name]


def stamp_of(status: os.stat_result) -> str:
    """What stays while nobody writes to a file: size, times and number; "" for one so young that it may yet change
    within the same tick of the file system's clock."""
    if max(status.st_mtime_ns, status.st_ctime_ns) > time.time_ns() - YOUNG_NS:
        return ""
    known = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"
    return hashlib.blake2b(known.encode(), digest_size=8).hexdigest()


Entry = tuple[os.DirEntry[str], str, bool]


def _walk(folder: str, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[Entry]:
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

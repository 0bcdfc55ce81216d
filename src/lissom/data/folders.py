"""The files below a folder."""

import hashlib
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from lissom.data.files import read_bytes
from lissom.data.left_out import LeftOut, Reason, of_system
from lissom.data.names import speller, told, unique
from lissom.errors import DataError, MachineError

YOUNG_NS = 2 * 10**9  # FAT keeps times in steps of two seconds: a file may change within one unseen

Seen = tuple[os.DirEntry[str], str, bool, Reason | None]
"""An entry, its relative name, whether it is a folder, and why it is no data."""


class FolderFiles:
    """A folder as a list of files: `names` relative to it, with "/" on every system, sorted; `folders` likewise.

    only: the folders, relative to it, whose files are listed, "" for its own; None: all below it. `left_out`: what
    systems put there. `notes`: how names were read that are no UTF-8.
    Raises: DataError for a loop of symbolic links, MachineError for a folder that may not be read.
    """

    def __init__(self, root: Path, *, only: Collection[str] | None = None) -> None:
        self.path, self._root = root, str(root)
        if only is None:
            seen = list(_walk(str(root), "", ()))
        else:
            seen = [
                found for folder in sorted(only) for found in _entries(str(root / folder), f"{folder}/".lstrip("/"))
            ]
        spell, encoding = speller(name for _, name, _, _ in seen)
        self.left_out = [LeftOut(spell(name), reason) for _, name, _, reason in seen if reason]
        self.folders = {spell(name) for _, name, is_folder, reason in seen if is_folder and not reason}
        files = {name: entry for entry, name, is_folder, reason in seen if not is_folder and not reason}
        self._raw = unique({name: spell(name) for name in files})
        self._stamps = {text: _stamp(files[name]) for text, name in self._raw.items()}
        self.names = sorted(self._raw)
        self.notes = told(root, encoding, self.names)

    def file(self, name: str) -> Path:
        """Where a file is, its name spelt as the system has it."""
        return self.path / self._raw[name]

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises: Unreadable."""
        return read_bytes(f"{self._root}/{self._raw[name]}")  # a Path takes as long as the reading

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


def _stamp(entry: os.DirEntry[str]) -> str:
    try:
        return stamp_of(entry.stat())
    except OSError:  # a link to nowhere: reading it will say so
        return ""


def _walk(folder: str, prefix: str, above: tuple[tuple[int, int], ...], within: Reason | None = None) -> Iterator[Seen]:
    """Entries at any depth; links to folders are followed, but not to one above. Every file in a folder of thumbnails
    is seen; of a system's other folders nothing but the folder."""
    entries = list(_entries(folder, prefix))
    status = os.stat(folder)
    here = (status.st_dev, status.st_ino)
    if here in above:
        raise DataError("data-link-loop", path=folder)
    for entry, name, is_folder, reason in entries:
        reason = within or reason
        if not is_folder or reason in (None, "system"):
            yield entry, name, is_folder, reason
        if is_folder and reason != "system":
            yield from _walk(entry.path, f"{name}/", (*above, here), reason)


def _entries(folder: str, prefix: str) -> Iterator[Seen]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except PermissionError as error:
        raise MachineError("data-no-permission", path=folder) from error
    for entry in found:
        is_folder = _is_folder(entry)
        device = "device" if not is_folder and _is_device(entry) else None
        yield entry, prefix + entry.name, is_folder, of_system(entry.name) or device


def _is_device(entry: os.DirEntry[str]) -> bool:
    """Whether it is there and neither a file nor a folder: a pipe, a socket, a device, or a link to one."""
    return not entry.is_file() and os.path.exists(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:  # a link that leads to itself
        raise DataError("data-link-loop", path=entry.path) from error

"""Files in a folder or an archive, and images in whatever holds them, each read when it is asked for."""

import errno
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from lissom.data.archives import is_archive, open_archive
from lissom.data.files import Pixels
from lissom.data.folders import FolderFiles
from lissom.data.left_out import LeftOut
from lissom.data.scales import Scales
from lissom.errors import DataError, DataMissing, MachineError
from lissom.events import Note


class Files(Protocol):
    """A folder or an archive. `read` raises Unreadable; `stamp` stays while nobody writes to a file: see `stamp_of`.

    `left_out`: what is never data; `notes`: how names were read.
    """

    path: Path
    names: list[str]
    folders: set[str]
    left_out: list[LeftOut]
    notes: tuple[Note, ...]

    def read(self, name: str) -> bytes: ...
    def stamp(self, name: str) -> str: ...


class Images(Protocol):
    """Images by number. Pickles without open files; each process opens its own.

    scales: with which files of more than 8 bits are decoded; None: each by itself.
    """

    name: str
    names: list[str]
    channels: int
    scales: Scales | None

    def read(self, index: int) -> bytes | Pixels:
        """The file's bytes or the decoded image H W C. Raises: Unreadable."""
        ...


def open_files(path: Path, *, cache_dir: Path, known: Sequence[str] = ()) -> Files:
    """The folder or archive at `path`; `known`: names that might have been meant instead, for the error."""
    try:
        mode = path.stat().st_mode
    except PermissionError as error:
        raise MachineError("data-no-permission", path=path) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DataError("data-link-loop", path=path) from error
        raise DataMissing("data-not-found", path=path, known=", ".join(known)) from error
    if stat.S_ISDIR(mode):
        return FolderFiles(path)
    if not is_archive(path):
        raise DataError("data-not-an-archive", path=path)
    return open_archive(path, cache_dir=cache_dir)

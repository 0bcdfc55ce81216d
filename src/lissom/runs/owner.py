"""Who writes a run folder: one process at a time, held by a lock of the system that dies with its process."""

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from lissom.errors import MachineError

LOCK = ".lock"
TRIES, PAUSE = 10, 0.02  # seconds between: somebody who only asks who owns it holds the lock for an instant
FAR = 1 << 20  # Windows locks bytes, and nobody may read these: one beyond the words


class Owner:
    """The process that holds a folder's lock."""

    def __init__(self, folder: Path, file: IO[str]) -> None:
        self._folder, self._file = folder, file

    @property
    def lost(self) -> bool:
        """Whether the folder is no longer ours: moved, deleted, or its lock replaced by another machine's process."""
        try:
            here, held = os.stat(self._folder / LOCK), os.fstat(self._file.fileno())
        except OSError:
            return True
        return (here.st_dev, here.st_ino) != (held.st_dev, held.st_ino)

    def require(self) -> None:
        """Called before each write. Raises: MachineError when the folder is no longer ours."""
        if self.lost:
            raise MachineError("run-lost", run=self._folder)


@contextlib.contextmanager
def owned(folder: Path) -> Iterator[Owner]:
    """Holds the folder's lock within the block; it is free again however this process ends.

    A process that is stopped (Ctrl-Z) still holds it. A file system without locks is taken as it is.
    Raises: MachineError, with the pid and host of the process that owns it.
    """
    file = _taken(folder)
    try:
        file.truncate(0)
        started = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
        json.dump({"pid": os.getpid(), "host": socket.gethostname(), "since": started}, file)
        file.flush()
        yield Owner(folder, file)
    finally:
        file.close()


def is_owned(folder: Path) -> bool:
    """Whether a process of this machine writes the folder now."""
    try:
        with (folder / LOCK).open("r+") as file:
            return not _lock(file)
    except OSError:  # no lock was ever taken, or the folder may only be read
        return False


def _taken(folder: Path) -> IO[str]:
    path = folder / LOCK
    for _ in range(TRIES):
        try:
            file = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise MachineError("not-writable", path=path, size="0", reason=error.strerror or error) from error
        if _lock(file) and not Owner(folder, file).lost:  # else it was deleted between opening and locking
            return file
        file.close()
        time.sleep(PAUSE)
    raise MachineError("run-owned", run=folder, **_holder(path))


def _holder(path: Path) -> dict[str, Any]:
    known = {"pid": "?", "host": "?", "since": "?"}
    with contextlib.suppress(OSError, ValueError, TypeError):
        known |= json.loads(path.read_text(encoding="utf-8"))
    return {key: known[key] for key in ("pid", "host", "since")}


def _lock(file: IO[str]) -> bool:
    """Whether it is ours now; where the file system knows no locks nobody can tell, and it is."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True

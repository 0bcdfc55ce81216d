"""Who writes a run folder: one process at a time, held by a lock of the system that dies with its process."""

import contextlib
import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from lissom.atomic import guarded, sweep
from lissom.errors import MachineError
from lissom.plain import to_json

LOCK = ".lock"
TRIES, PAUSE = 10, 0.02  # seconds between: somebody who only asks who owns it holds the lock for an instant
_HELD: set[IO[str]] = set()  # by this process
FAR = 1 << 20  # Windows locks bytes, and nobody may read these: one beyond the words


class Owner:
    """The process that holds a folder's lock."""

    def __init__(self, folder: Path, file: IO[str], token: str) -> None:
        self._folder, self._file, self._token = folder, file, token

    @property
    def lost(self) -> bool:
        """Whether the folder is no longer ours: moved, deleted, or its lock replaced or written by somebody else.

        The words are read too, as on a file system without locks two may hold the same file.
        """
        try:
            return _replaced(self._folder, self._file) or self._token not in (self._folder / LOCK).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return True

    def require(self) -> None:
        """Called before each write. Raises: MachineError when the folder is no longer ours."""
        if self.lost:
            raise MachineError("run-lost", run=self._folder)

    def guard(self, path: Path) -> None:
        """As `require`, for a file of the folder."""
        if Path(os.path.abspath(self._folder)) in Path(os.path.abspath(path)).parents:
            self.require()


@contextlib.contextmanager
def owned(folder: Path) -> Iterator[Owner]:
    """Holds the folder's lock within the block; it is free again however this process ends.

    A process that is stopped (Ctrl-Z) still holds it. A file system without locks is taken as it is. Each file written
    within the block is given its name only while the folder is still ours; what killed processes left there is removed.
    Raises: MachineError, with the pid and host of the process that owns it.
    """
    file, token = _taken(folder), secrets.token_hex(8)
    _HELD.add(file)
    try:
        started = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
        words = {"pid": os.getpid(), "host": socket.gethostname(), "since": started, "token": token}
        try:
            file.truncate(0)
            file.write(to_json(words, indent=None))
            file.flush()
        except OSError as error:
            raise MachineError("not-writable", path=folder / LOCK, size="0", reason=error.strerror or error) from error
        owner = Owner(folder, file, token)
        for place in (folder, *(path for path in folder.iterdir() if path.is_dir())):
            sweep(place)
        with guarded(owner.guard):
            yield owner
    finally:
        _HELD.discard(file)
        file.close()


def _let_go() -> None:
    """In a forked child, such as one that decodes images, which may outlive its parent: the lock is not its own."""
    for file in _HELD:
        file.close()
    _HELD.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def is_owned(folder: Path) -> bool:
    """Whether a process of this machine writes the folder now."""
    try:
        with (folder / LOCK).open("r+") as file:
            return not _lock(file, shared=True)  # two who ask do not take each other for an owner
    except OSError:  # no lock was ever taken, or the folder may only be read
        return False


def _taken(folder: Path) -> IO[str]:
    path = folder / LOCK
    for _ in range(TRIES):
        try:
            file = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise MachineError("not-writable", path=path, size="0", reason=error.strerror or error) from error
        with contextlib.suppress(FileNotFoundError):
            if _lock(file) and not _replaced(folder, file):  # else it was deleted between opening and locking
                return file
        file.close()
        time.sleep(PAUSE)
    raise MachineError("run-owned", run=folder, **_holder(path))


def _replaced(folder: Path, file: IO[str]) -> bool:
    """Whether the open file is no longer the one in the folder. Raises: OSError where there is none."""
    here, held = os.stat(folder / LOCK), os.fstat(file.fileno())
    return (here.st_dev, here.st_ino) != (held.st_dev, held.st_ino)


def _holder(path: Path) -> dict[str, Any]:
    known = {"pid": "?", "host": "?", "since": "?"}
    with contextlib.suppress(OSError, ValueError, TypeError):
        known |= json.loads(path.read_text(encoding="utf-8"))
    return {key: known[key] for key in ("pid", "host", "since")}


def _lock(file: IO[str], *, shared: bool = False) -> bool:
    """Whether it is ours now; where the file system knows no locks nobody can tell, and it is."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            import fcntl

            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True

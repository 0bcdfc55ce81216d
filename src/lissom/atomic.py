"""Files that are there whole or not at all: the one way in which lissom writes."""

import contextlib
import errno
import os
import re
import secrets
import shutil
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from lissom.errors import MachineError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) if hasattr(errno, "EDQUOT") else (errno.ENOSPC, errno.EFBIG)
TEMPORARY = re.compile(r"\.(.+)\.(\d+-[0-9a-f]{8})-[0-9a-f]{8}\.part", re.DOTALL)  # its name, whose it is
STALE_SECONDS = 24 * 3600  # a temporary file of this age is nobody's, whoever made it
_GUARDS: list[Callable[[Path], None]] = []


def write_atomic(path: Path | str, content: bytes | str, *, parents: bool = False) -> None:
    """Writes `content` (text as UTF-8) as `writing` does."""
    data = content.encode() if isinstance(content, str) else content
    with writing(path, parents=parents, size=len(data)) as file:
        file.write(data)


@contextlib.contextmanager
def writing(path: Path | str, *, parents: bool = False, size: int = 0, where: str = "") -> Iterator[IO[bytes]]:
    """A file to fill beside `path`; when the block ends it is brought to the disk and renamed: a reader, or whoever
    comes after a crash, finds the old file or the new one. Several processes may write one path: the last one wins.
    What a killed process left of the same file is removed.

    parents: make the folders above it. size: bytes to come, for the error. where: "cache-" for files of the cache,
    whose errors name another remedy.
    Raises: MachineError when the disk is full or the place cannot be written; the old file is then as it was and
    no temporary one is left. What the block itself raises passes through, but for a full disk.
    """
    path = Path(path)
    temporary = path.with_name(temporary_name(path.name))
    _ask_guards(path)
    sweep(path.parent, path.name)
    try:
        with _explained(path, size, where):
            if parents:
                path.parent.mkdir(parents=True, exist_ok=True)
            file = open(temporary, "xb")  # noqa: SIM115 - closed below, before the rename
        with file:
            yield file
            with _explained(path, size, where):
                file.flush()
                os.fsync(file.fileno())
        _ask_guards(path)
        with _explained(path, size, where):
            os.replace(temporary, path)
            sync_folder(path.parent)
    except OSError as error:
        if isinstance(error, MachineError) or error.errno not in FULL:
            raise
        raise _refusal(error, path, size, where) from error
    finally:
        with contextlib.suppress(OSError):  # it has its name, or was never made
            os.unlink(temporary)


@contextlib.contextmanager
def guarded(guard: Callable[[Path], None]) -> Iterator[None]:
    """Within it `guard` is asked before each file is written, and again before it gets its name; it may raise."""
    _GUARDS.append(guard)
    try:
        yield
    finally:
        _GUARDS.remove(guard)


def _ask_guards(path: Path) -> None:
    for guard in _GUARDS:
        guard(path)


def temporary_name(stem: str) -> str:
    """What a file or folder is called until it is whole; it says whose it is."""
    return f".{stem}.{this_process()}-{secrets.token_hex(4)}.part"


def this_process() -> str:
    """`PID-HOST`, as `has_ended` reads it in a file's name or content."""
    return f"{os.getpid()}-{zlib.crc32(socket.gethostname().encode()):08x}"


def has_ended(process: str) -> bool | None:
    """Whether a process of this machine is gone; None: of another machine, or nobody knows."""
    pid, _, host = process.partition("-")
    is_elsewhere = host != this_process().partition("-")[2]
    if os.name == "nt" or is_elsewhere or not pid.isdecimal():  # asking Windows would end it
        return None
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # another user's
        return False
    return False


@contextlib.contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` for what may become it, gone when the block ends, as are those that killed processes left.

    Raises: MachineError where it cannot be made.
    """
    sweep(path.parent, path.name)
    folder = path.with_name(temporary_name(path.name))
    with _explained(path, 0, ""):
        folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `path` when the block ends without an error: it is there whole or not at all.
    What is in it may be written plainly.

    Raises: MachineError where it cannot be made, filled or renamed, as onto a folder that has files.
    """
    with _explained(path, 0, ""):
        path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(path) as folder:
        try:
            yield folder
        except OSError as error:
            if isinstance(error, MachineError):
                raise
            raise _refusal(error, path, 0, "") from error
        with _explained(path, 0, ""):
            os.rename(folder, path)
            sync_folder(path.parent)


def sweep(folder: Path, stem: str | None = None) -> None:
    """Removes the temporary files and folders of killed processes in `folder`: all, or those of one name."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name = TEMPORARY.fullmatch(entry.name)
            if name and stem in (None, name[1]) and _is_abandoned(entry, name[2]):
                with contextlib.suppress(OSError):  # another process was faster
                    shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)


def _is_abandoned(entry: "os.DirEntry[str]", process: str) -> bool:
    """Whether the process has ended, or, where nobody knows, has not come back for a day."""
    ended = has_ended(process)
    return entry.stat(follow_symlinks=False).st_mtime < time.time() - STALE_SECONDS if ended is None else ended


@contextlib.contextmanager
def _explained(path: Path, size: int, where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _refusal(error, path, size, where) from error


def _refusal(error: OSError, path: Path, size: int, where: str) -> MachineError:
    kind = "disk-full" if error.errno in FULL else "not-writable"
    return MachineError(where + kind, path=path, size=f"{size / 1e6:.1f}", reason=error.strerror or error)


def sync_folder(folder: Path) -> None:
    """Brings the rename itself to the disk, where folders can be opened (not on Windows)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse; the rename still stands
            os.fsync(handle)
    finally:
        os.close(handle)

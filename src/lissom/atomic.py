"""Files that are there whole or not at all: the one way in which lissom writes."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lissom.errors import MachineError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) if hasattr(errno, "EDQUOT") else (errno.ENOSPC, errno.EFBIG)


def write_atomic(path: Path | str, content: bytes | str, *, parents: bool = False) -> None:
    """Writes `content` (text as UTF-8) as `writing` does."""
    data = content.encode() if isinstance(content, str) else content
    with writing(path, parents=parents, size=len(data)) as file:
        file.write(data)


@contextlib.contextmanager
def writing(path: Path | str, *, parents: bool = False, size: int = 0, where: str = "") -> Iterator[IO[bytes]]:
    """A file to fill beside `path`; when the block ends it is brought to the disk and renamed: a reader, or whoever
    comes after a crash, finds the old file or the new one. Several processes may write one path: the last one wins.

    parents: make the folders above it. size: bytes to come, for the error. where: "cache-" for files of the cache,
    whose errors name another remedy.
    Raises: MachineError when the disk is full or the place cannot be written; the old file is then as it was and
    no temporary one is left. What the block itself raises passes through, but for a full disk.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
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
        with _explained(path, size, where):
            os.replace(temporary, path)
            _sync_folder(path.parent)
    except OSError as error:
        if isinstance(error, MachineError) or error.errno not in FULL:
            raise
        raise _refusal(error, path, size, where) from error
    finally:
        with contextlib.suppress(OSError):  # it has its name, or was never made
            os.unlink(temporary)


@contextlib.contextmanager
def _explained(path: Path, size: int, where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _refusal(error, path, size, where) from error


def _refusal(error: OSError, path: Path, size: int, where: str) -> MachineError:
    kind = "disk-full" if error.errno in FULL else "not-writable"
    return MachineError(where + kind, path=path, size=f"{size / 1e6:.1f}", reason=error.strerror or error)


def _sync_folder(folder: Path) -> None:
    """Brings the rename itself to the disk, where folders can be opened (not on Windows)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse; the rename still stands
            os.fsync(handle)
    finally:
        os.close(handle)

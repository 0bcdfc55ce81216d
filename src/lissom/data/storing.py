"""Files in the cache: complete or not there, whatever happens while they are written."""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lissom.errors import MachineError

STALE_SECONDS = 24 * 3600  # a part this old belongs to a process that was killed


@contextmanager
def store_atomically(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, which takes its name only when the block ends without an error.

    Several processes may write the same path: each has its own part, and the last to end gives the name.
    Raises: MachineError for a full disk, or a folder that cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        try:
            with part.open("wb") as file:
                yield file
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        refusal = _refusal(error, path)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(error: OSError, path: Path) -> MachineError | None:
    """What a system's refusal to write `path` means; None for an error that is ours or concerns no writing."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return MachineError("cache-disk-full", path=path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT):
        return MachineError("cache-not-writable", path=path, reason=error.strerror)
    return None


def _sweep(folder: Path) -> None:
    """Removes parts that killed processes left."""
    for part in folder.glob("*.part"):
        try:
            if part.stat().st_mtime < time.time() - STALE_SECONDS:
                part.unlink()
        except OSError:  # another process was faster
            continue

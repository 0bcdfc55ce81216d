"""Files that are there whole or not at all."""

import contextlib
import errno
import os
import secrets
from pathlib import Path

from lissom.errors import MachineError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) if hasattr(errno, "EDQUOT") else (errno.ENOSPC, errno.EFBIG)


def write_atomic(path: Path | str, content: bytes | str) -> None:
    """Writes `content` (text as UTF-8) beside `path`, brings it to the disk, then renames: a reader, or whoever comes
    after a crash, finds the old file or the new one.

    Raises: MachineError when the disk is full or the place cannot be written; the old file is then as it was and
    no temporary one is left.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        _replace(path, data)
    except OSError as error:
        kind = "disk-full" if error.errno in FULL else "not-writable"
        raise MachineError(kind, path=path, size=f"{len(data) / 1e6:.1f}", reason=error.strerror or error) from error


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(path.parent)


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

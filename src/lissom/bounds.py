"""What is read from a disk: regular files alone, and of what they hold no more than fits a stated limit.

A pipe or a device named as a picture would be waited for without end, and three megabytes can claim to be three
gigabytes. Sizes are taken from headers, before anything is allocated. Whoever trusts a file raises the limit by a
variable. A file that is mapped into memory may have any size: nothing of it is allocated.
"""

import errno
import os
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import IO

from lissom.errors import DataError, MachineError, UsageError
from lissom.messages import text

GB = 10**9
PIXELS, MOST_PIXELS = "LISSOM_MAX_PIXELS", 1 << 28  # of one image; phones have up to 200 million
UNPACKED, FREE = "LISSOM_MAX_GB", 1.0  # of one file: less is never refused, whatever it is unpacked from
WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)  # else opening a pipe waits for who writes it
BYTES = getattr(os, "O_BINARY", 0)  # on Windows, whose files are text otherwise
PIECE = 1 << 12  # bytes at least that are asked for at once
RATIO = 100  # times its size, a larger file may unpack to; zeros reach 1,000 in zip, and photographs 2


class Irregular(OSError):
    """A pipe, a device, a socket or a folder where a file should be."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, text("bounds.irregular"))

    def __str__(self) -> str:
        return text("bounds.irregular")


def open_regular(path: Path | str) -> IO[bytes]:
    """A file to read from its beginning. Raises: OSError, for all that is no regular file too, without waiting."""
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - the caller's to close
    if not S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Irregular
    return file


def read_regular(path: Path | str) -> bytes:
    """The bytes of a file. Raises: OSError as `open_regular`, and for more than `most_bytes()`."""
    handle = os.open(path, os.O_RDONLY | WITHOUT_WAITING | BYTES)  # a file object takes as long as a small image
    try:
        status = os.fstat(handle)
        if S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not S_ISREG(status.st_mode):
            raise Irregular
        if status.st_size > most_bytes():
            raise OSError(errno.EFBIG, text("bounds.too-long", limit=f"{most_bytes() / GB:g}", variable=UNPACKED))
        return b"".join(iter(lambda: os.read(handle, max(status.st_size, PIECE)), b""))
    finally:
        os.close(handle)


def read_text(path: Path | str) -> str:
    """A file as UTF-8. Raises: OSError as `read_regular`, UnicodeDecodeError."""
    return read_regular(path).decode("utf-8")


def most_pixels() -> int:
    """Of one image. Raises: UsageError where the variable is no number."""
    return int(_number(PIXELS, MOST_PIXELS))


def most_bytes(packed: int = 0) -> int:
    """What a file of that many bytes may unpack to. Raises: UsageError where the variable is no number."""
    return int(max(_number(UNPACKED, FREE) * GB, RATIO * packed))


def require_unpacked(path: Path | str, size: int, *, packed: int | None = None) -> None:
    """Called before a file is unpacked to `size` bytes; packed: the bytes that hold them, None: the whole file.

    Raises: DataError for more than `most_bytes`.
    """
    held = os.stat(path).st_size if packed is None else packed
    if size > most_bytes(held):
        values = {"got": _shown(size), "limit": _shown(most_bytes(held)), "held": _shown(held)}
        raise DataError("unpacks-too-far", path=path, variable=UNPACKED, enough=-(-size // GB), **values)


def require_room(path: Path | str, size: int, *, packed: int | None = None) -> None:
    """As `require_unpacked`, in memory. Raises: MachineError too, for more than the machine has."""
    require_unpacked(path, size, packed=packed)
    if size > (there := _memory()):
        raise MachineError("beyond-memory", path=path, got=_shown(size), limit=_shown(there))


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | WITHOUT_WAITING)


def _number(variable: str, default: float) -> float:
    word = os.environ.get(variable)
    try:
        number = float(word) if word else default
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise UsageError("setting-out-of-range", name=variable, got=word, expected="> 0")
    return number


def _memory() -> float:
    """Bytes of main memory; infinite where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return float("inf")


def _shown(size: float) -> str:
    return f"{size / GB:.3g}"

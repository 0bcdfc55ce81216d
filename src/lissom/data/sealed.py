"""Files of the cache that prove their own content: one that was changed or cut short is made anew."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lissom.data.storing import store

HASHED = 1 << 30  # bytes: of larger files the size, the time of change and both ends


@contextmanager
def sealing(path: Path) -> Iterator[IO[bytes]]:
    """A file of the cache to write, as `storing.store`, with its seal beside it. Raises: as that."""
    with store(path) as file:
        yield file
    with store(_seal(path)) as seal:
        seal.write(_content(path))


def is_sound(path: Path) -> bool:
    """Whether the file is as it was when it was sealed, under the name that it had."""
    try:
        return path.is_file() and _seal(path).read_bytes() == _content(path)
    except OSError:
        return False


def content_digest(path: Path) -> str:
    """Of a file's bytes up to 1 GiB; of a larger one its size, time of change, and its first and last MiB."""
    status = path.stat()
    with path.open("rb") as file:
        if status.st_size <= HASHED:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()
        ends = file.read(1 << 20)
        file.seek(-(1 << 20), os.SEEK_END)
        ends += file.read()
    known = ends + f"{status.st_size} {status.st_mtime_ns}".encode()
    return hashlib.blake2b(known, digest_size=32).hexdigest()


def _seal(path: Path) -> Path:
    return path.with_name(f"{path.name}.seal")


def _content(path: Path) -> bytes:
    return f"{path.name} {content_digest(path)}\n".encode()

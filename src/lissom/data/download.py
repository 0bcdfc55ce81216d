"""Files fetched from their public page, only when asked for, and kept only when their checksum is right."""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from lissom.data.storing import store_atomically
from lissom.errors import DataError, MachineError

Progress = Callable[[int, int], None]  # bytes so far, bytes in all (0 where the server does not say)
CHUNK = 1 << 18
TIMEOUT_S = 30


def fetch(address: str, path: Path, *, md5: str | None, progress: Progress | None = None) -> None:
    """Stores the file at `address` as `path` if its MD5 is as published; else nothing stays. None: none is published.

    Raises: MachineError for a network that fails or a disk that is full, DataError for a wrong checksum.
    """
    hashed = hashlib.md5(usedforsecurity=False)
    with store_atomically(path) as file:
        for chunk in _chunks(address, progress):
            hashed.update(chunk)
            file.write(chunk)
        if md5 is not None and hashed.hexdigest() != md5:
            raise DataError("download-wrong-checksum", address=address, got=hashed.hexdigest(), expected=md5)
        file.flush()
        os.fsync(file.fileno())


def _chunks(address: str, progress: Progress | None) -> Iterator[bytes]:
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:
            total, done = int(answer.headers.get("Content-Length") or 0), 0
            while chunk := answer.read(CHUNK):
                done += len(chunk)
                if progress:
                    progress(done, total)
                yield chunk
            if done < total:
                raise http.client.IncompleteRead(b"", total - done)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise MachineError("download-failed", address=address, reason=_reason(error)) from error


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "reason", None) or error).split()) or type(error).__name__

"""Files fetched from their public page, only when asked for, and kept only when their checksum is right.

What has come when a network fails stays beside the file as `NAME.partial`, and the next try asks for the rest alone.
"""

import errno
import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from lissom.data.rooms import make_room
from lissom.errors import DataError, MachineError
from lissom.events import Advanced, Listener, silent

CHUNK = 1 << 18
TIMEOUT_S = 30
STALE_S = 2 * TIMEOUT_S  # a download that got nothing for so long has ended
TRIES = 3  # of a connection that breaks off after it gave something


def fetch(
    address: str,
    path: Path,
    *,
    md5: str | None = None,
    sha256: str | None = None,
    mirror: str | None = None,
    room: bool = True,
    listener: Listener = silent,
) -> str:
    """Stores the file at `address` as `path` if its checksum is as published, and returns its SHA-256.

    md5, sha256: in hex; of SHA-256 the first digits are enough, as publishers put them into names. mirror: a host and
    folder that stand in for the address' own host, its path stays. room: the folder is a room of the cache; False: a
    person's own.
    Raises: MachineError for a network that fails (what has come is kept for the next try) or a disk that is full,
    DataError for a wrong checksum (nothing is kept).
    """
    address = mirrored(address, mirror)
    try:
        if room:
            make_room(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        with _claimed(path) as part:
            _complete(address, part, listener)
            got_md5, got_sha256 = _checksums(part)
            for got, expected, name in ((got_md5, md5, "MD5"), (got_sha256, sha256, "SHA-256")):
                if expected and not got.startswith(expected.lower()):
                    part.unlink()
                    values = {"address": address, "checksum": name, "got": got, "expected": expected}
                    raise DataError("download-wrong-checksum", **values)
            os.replace(part, path)
    except MachineError:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise _explained(error, address, path) from error
    return got_sha256


def mirrored(address: str, mirror: str | None) -> str:
    """The address with scheme and host replaced: `https://a.org/x/y` at `https://m.cn/a` is `https://m.cn/a/x/y`."""
    return address if not mirror else mirror.rstrip("/") + urlsplit(address).path


@contextmanager
def _claimed(path: Path) -> Iterator[Path]:
    """The partial file for this process alone; another process that fetches the same has one that is not kept."""
    part, lock = path.with_name(f"{path.name}.partial"), path.with_name(f"{path.name}.lock")
    if lock.exists() and time.time() - max(lock.stat().st_mtime, _changed(part)) > STALE_S:
        lock.unlink(missing_ok=True)  # of a process that was killed
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)
        return
    try:
        yield part
    finally:
        lock.unlink(missing_ok=True)


def _changed(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


def _complete(address: str, part: Path, listener: Listener) -> None:
    """Fills `part`, from where it ends; a connection that gives something before it breaks is tried again."""
    for number in range(1, TRIES + 1):
        before = _size(part)
        try:
            _continue(address, part, listener)
            return
        except (http.client.HTTPException, ConnectionError, TimeoutError):
            if number == TRIES or _size(part) <= before:
                raise
    raise AssertionError("the last try returns or raises")


def _continue(address: str, part: Path, listener: Listener) -> None:
    start = _size(part)
    request = urllib.request.Request(address, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        if not error.headers.get("Content-Range", "").endswith(f"/{start}"):  # the file is another one now
            part.unlink()
            _continue(address, part, listener)
        return
    with answer:
        resumed = answer.status == http.client.PARTIAL_CONTENT  # else the server knows no ranges and sends it all
        with part.open("ab" if resumed else "wb") as file:
            _copy(answer, file, start if resumed else 0, listener)


def _copy(answer: Any, file: IO[bytes], start: int, listener: Listener) -> None:
    length = int(answer.headers.get("Content-Length") or 0)
    done, total = start, start + length if length else 0
    while chunk := answer.read(CHUNK):
        file.write(chunk)
        done += len(chunk)
        listener(Advanced(what="bytes", done=done, total=total))
    file.flush()
    os.fsync(file.fileno())
    if done < total:
        raise http.client.IncompleteRead(b"", total - done)


def _checksums(path: Path) -> tuple[str, str]:
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            md5.update(chunk)
            sha256.update(chunk)
    return md5.hexdigest(), sha256.hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _explained(error: Exception, address: str, path: Path) -> MachineError:
    code = getattr(error, "errno", None)
    if code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return MachineError("cache-disk-full", path=path)
    refused = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)
    if code in refused and not isinstance(error, urllib.error.URLError | ConnectionError):
        return MachineError("cache-not-writable", path=path, reason=getattr(error, "strerror", None) or error)
    return MachineError("download-failed", address=address, reason=_reason(error))


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "reason", None) or error).split()) or type(error).__name__

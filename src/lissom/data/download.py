"""Files fetched from their public page, only when asked for, and kept only when their checksum is right.

What has come when a network fails stays beside the file as `NAME.partial`, and the next try asks for the rest alone:
of the version of which the first part is (`If-Range`), as `NAME.partial.version` names it. Where nothing names one, and
no checksum would tell two versions apart, it begins anew.
"""

import errno
import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lissom.atomic import has_ended, sweep, temporary_name, this_process
from lissom.data.rooms import make_room
from lissom.errors import DataError, MachineError, UsageError
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
    Raises: UsageError for a mirror that is no address; MachineError for a network that fails (what has come is kept for
    the next try), a body longer than promised or a disk that is full; DataError for a wrong checksum (nothing is kept).
    """
    address = mirrored(address, mirror)
    try:
        if room:
            make_room(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        with _claimed(path) as part:
            _complete(address, part, listener, proven=bool(md5 or sha256))
            got_md5, got_sha256 = _checksums(part)
            for got, expected, name in ((got_md5, md5, "MD5"), (got_sha256, sha256, "SHA-256")):
                if expected and not got.startswith(expected.lower()):
                    _drop(part)
                    values = {"address": address, "checksum": name, "got": got, "expected": expected}
                    raise DataError("download-wrong-checksum", **values)
            os.replace(part, path)
            _drop(part)
    except MachineError:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise _explained(error, address, path) from error
    return got_sha256


def mirrored(address: str, mirror: str | None) -> str:
    """The address with scheme and host replaced: `https://a.org/x/y` at `https://m.cn/a` is `https://m.cn/a/x/y`."""
    if mirror and not re.match(r"https?://[^/]", mirror):
        raise UsageError("mirror-address", got=mirror)
    return address if not mirror else mirror.rstrip("/") + urlsplit(address).path


@contextmanager
def _claimed(path: Path) -> Iterator[Path]:
    """The partial file for this process alone; another process that fetches the same has one that is not kept."""
    part, lock = path.with_name(f"{path.name}.partial"), path.with_name(f"{path.name}.lock")
    sweep(path.parent)
    if _is_abandoned(lock, part):
        lock.unlink(missing_ok=True)
    try:
        with lock.open("x") as file:
            file.write(this_process())
    except FileExistsError:
        part = path.with_name(temporary_name(path.name))
        try:
            yield part
        finally:
            _drop(part)
        return
    try:
        yield part
    finally:
        lock.unlink(missing_ok=True)


def _is_abandoned(lock: Path, part: Path) -> bool:
    """Whether the lock is of a process that was killed."""
    try:
        ended = has_ended(lock.read_bytes().decode(errors="replace"))
    except OSError:  # there is none, or no longer
        return False
    return time.time() - max(_changed(lock), _changed(part)) > STALE_S if ended is None else ended


def _changed(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


class _OtherVersion(Exception):
    """The server's file is no longer the one whose first part is here."""


def _complete(address: str, part: Path, listener: Listener, *, proven: bool) -> None:
    """Fills `part`, from where it ends; a connection that gives something before it breaks is tried again.

    proven: a checksum will tell whether what was joined is one file.
    """
    for number in range(1, TRIES + 1):
        before = _size(part)
        try:
            try:
                _continue(address, part, listener, proven=proven)
            except _OtherVersion:
                _drop(part)
                _continue(address, part, listener, proven=proven)
            return
        except (http.client.HTTPException, ConnectionError, TimeoutError):
            if number == TRIES or _size(part) <= before:
                raise
    raise AssertionError("the last try returns or raises")


def _continue(address: str, part: Path, listener: Listener, *, proven: bool) -> None:
    start, version = _size(part), _version_of(part)
    if not version and not proven:
        start = 0  # nothing would tell the rest of another version
    wanted = {"Range": f"bytes={start}-"} if start else {}
    wanted |= {"If-Range": version} if start and version else {}
    try:
        answer = urllib.request.urlopen(urllib.request.Request(address, headers=wanted), timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not start:
            raise
        if not error.headers.get("Content-Range", "").endswith(f"/{start}") or not _is_version(error.headers, version):
            raise _OtherVersion from None
        return
    with answer:
        resumed = answer.status == http.client.PARTIAL_CONTENT  # else it sends all: no ranges known, or another version
        if resumed and not (_begins_at(answer.headers, start) and _is_version(answer.headers, version)):
            raise _OtherVersion
        if not resumed:
            _drop(part)
            if version := _version(answer.headers):
                _beside(part).write_text(version, encoding="utf-8")
        _copy(answer, part, start if resumed else 0, address, listener)


def _version(headers: Any) -> str:
    """What names exactly one version of the file for `If-Range`: a strong ETag, or a date of change that was over."""
    tag, changed, now = (headers.get(name) or "" for name in ("ETag", "Last-Modified", "Date"))
    if tag.startswith('"'):
        return tag
    try:
        over = parsedate_to_datetime(changed) < parsedate_to_datetime(now)
    except (TypeError, ValueError):
        return ""
    return changed if over else ""


def _is_version(headers: Any, version: str) -> bool:
    """Whether the answer is of this version, as far as it says."""
    told = headers.get("ETag" if version.startswith('"') else "Last-Modified")
    return not version or told in (None, version)


def _begins_at(headers: Any, start: int) -> bool:
    """Whether the part that is sent is the one that was asked for, as far as the answer says."""
    told = re.match(r"bytes (\d+)-", headers.get("Content-Range") or "")
    return told is None or int(told[1]) == start


def _version_of(part: Path) -> str:
    try:
        return _beside(part).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _beside(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    _beside(part).unlink(missing_ok=True)


def _copy(answer: Any, part: Path, start: int, address: str, listener: Listener) -> None:
    length = answer.length or 0  # None: of a server that does not tell it, or tells no number
    done, total = start, start + length if length else 0
    if length:
        answer.length += 1  # a body longer than promised would be cut to what was promised
    with part.open("ab" if start else "wb") as file:
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            done += len(chunk)
            listener(Advanced(what="bytes", done=min(done, total) if total else done, total=total))
        file.flush()
        os.fsync(file.fileno())
    if done < total:
        raise http.client.IncompleteRead(b"", total - done)
    if total and done > total:
        _drop(part)
        raise MachineError("download-longer", address=address, expected=total)


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

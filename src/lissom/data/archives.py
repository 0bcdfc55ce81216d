"""Zip and tar archives read in place, like a folder; nothing is unpacked.

A compressed tar cannot be read at random, so it is decompressed once, whole, to a plain tar in the cache.
"""

import bz2
import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any

from lissom.data.files import Unreadable
from lissom.data.folders import is_junk, stamp_of
from lissom.data.sealed import content_digest, is_sound, sealing
from lissom.errors import DataError, LissomError, MachineError
from lissom.events import note

DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
LARGEST_FILE = 1 << 30  # bytes of one file in an archive, once decompressed
BLOCK = 512  # bytes of a tar record
OPENERS: dict[bytes, Callable[..., IO[bytes]]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}  # type: ignore[dict-item]


def is_archive(path: Path) -> bool:
    """Whether the file's name is that of a zip or tar archive."""
    return path.name.lower().endswith((".zip", ".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz"))


def open_archive(path: Path, *, cache_dir: Path) -> "ZipFiles | TarFiles":
    """The archive as a list of files. Raises: DataError for one that is damaged or has unsafe names."""
    try:
        if path.suffix.lower() == ".zip":
            return ZipFiles(path)
        return TarFiles(path, cache_dir / "archives")
    except LissomError:
        raise
    except PermissionError as error:
        raise MachineError("data-no-permission", path=path) from error
    except (*DAMAGE, OSError, ValueError) as error:  # bz2 says OSError, zipfile ValueError on a negative offset
        raise DataError("archive-damaged", path=path, reason=" ".join(str(error).split())) from error


class _OpenZip:
    """A zip that each process opens for itself: a shared handle has one offset in the file, and loader workers fork."""

    def __init__(self, path: Path) -> None:
        self._path, self._process = path, 0
        self._zip: zipfile.ZipFile | None = None

    def get(self) -> zipfile.ZipFile:
        if self._zip is None or self._process != os.getpid():
            self._zip, self._process = zipfile.ZipFile(self._path), os.getpid()
        return self._zip

    def __getstate__(self) -> dict[str, Any]:
        return {"_path": self._path, "_zip": None, "_process": 0}


class ZipFiles:
    """The files of a zip, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: list[str] = []
        self.folders: set[str] = set()
        self._members: dict[str, str] = {}
        self._zip, self._stamp = _OpenZip(path), stamp_of(path.stat())
        for info in self._zip.get().infolist():
            name = _safe_name(path, info.filename)
            if _add(self, name, is_folder=info.is_dir()):
                self._members[name] = info.filename
        self.names.sort()

    def read(self, name: str) -> bytes:
        archive = self._zip.get()
        info = archive.getinfo(self._members[name])
        if info.file_size > LARGEST_FILE:
            raise Unreadable(note("data.reason-too-many-bytes", limit=f"{LARGEST_FILE:,}"))
        try:
            return archive.read(info)
        except (*DAMAGE, OSError, NotImplementedError, RuntimeError) as error:  # RuntimeError: it wants a password
            raise Unreadable(note("data.reason-damaged", detail=" ".join(str(error).split()))) from error

    def stamp(self, name: str) -> str:
        return self._stamp


class TarFiles:
    """The files of a tar, by name, read at their offset in its uncompressed form, which is kept in `room`."""

    def __init__(self, path: Path, room: Path) -> None:
        self.path = path
        self.names: list[str] = []
        self.folders: set[str] = set()
        self._offsets: dict[str, tuple[int, int]] = {}
        self._stamp = stamp_of(path.stat())
        self._plain = plain = _plain_tar(path, room)
        end = 0
        with tarfile.open(plain, "r:") as archive:
            for member in archive:
                name = _safe_name(path, member.name)
                end = member.offset_data + -(-member.size // BLOCK) * BLOCK * member.isreg()
                if (member.isreg() or member.isdir()) and _add(self, name, is_folder=member.isdir()):
                    self._offsets[name] = (member.offset_data, member.size)
        self.names.sort()
        if end + BLOCK > plain.stat().st_size:  # at least one empty record ends a whole archive
            raise tarfile.ReadError("unexpected end of data")

    def read(self, name: str) -> bytes:
        offset, size = self._offsets[name]
        if size > LARGEST_FILE:
            raise Unreadable(note("data.reason-too-many-bytes", limit=f"{LARGEST_FILE:,}"))
        try:
            with self._plain.open("rb") as file:  # opened each time: safe for threads and forks, and costs 15 µs
                file.seek(offset)
                return file.read(size)
        except OSError as error:
            raise Unreadable(error.strerror or str(error)) from error

    def stamp(self, name: str) -> str:
        return self._stamp


def _add(files: "ZipFiles | TarFiles", name: str, *, is_folder: bool) -> bool:
    """Notes a member and the folders it stands in; False where it is a system's own, or a folder."""
    path = PurePosixPath(name)
    if any(is_junk(part) for part in path.parts):
        return False
    files.folders.update(str(parent) for parent in path.parents if str(parent) != ".")
    if is_folder:
        files.folders.add(name)
    else:
        files.names.append(name)
    return not is_folder


def _safe_name(archive: Path, name: str) -> str:
    """The member's name with "/" and without "./"; one that leads out of the archive is an error."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise DataError("archive-unsafe-name", path=archive, name=ascii(name)[1:-1])
    return str(path)


def _plain_tar(path: Path, room: Path) -> Path:
    """`path` itself, or where it is compressed, its copy in `room`, written if it is not there or not whole."""
    with path.open("rb") as file:
        start = file.read(6)
    opener = next((opener for magic, opener in OPENERS.items() if start.startswith(magic)), None)
    if opener is None:
        return path
    plain = room / f"{content_digest(path)}.tar"
    if not is_sound(plain):
        with opener(path, "rb") as packed, sealing(plain) as file:
            while chunk := packed.read(1 << 20):
                file.write(chunk)
    return plain

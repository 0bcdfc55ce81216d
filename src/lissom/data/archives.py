"""Zip and tar archives read in place, like a folder; nothing is unpacked.

A compressed tar cannot be read at random, so it is decompressed once, whole, to a plain tar in the cache.
"""

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from lissom.bounds import UNPACKED, most_bytes, open_regular, require_unpacked
from lissom.data.files import Unreadable
from lissom.data.folders import stamp_of
from lissom.data.left_out import LeftOut
from lissom.data.members import Members
from lissom.data.names import readable, speller, told, zip_names
from lissom.data.sealed import content_digest, is_sound, sealing
from lissom.errors import DataError, LissomError, MachineError
from lissom.events import note

DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
BLOCK = 512  # bytes of a tar record
LONGEST_LINK = 4096  # bytes
OPENERS: dict[bytes, Callable[..., IO[bytes]]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}  # type: ignore[dict-item]


def is_archive(path: Path) -> bool:
    """Whether the file's name is that of a zip or tar archive."""
    return path.name.lower().endswith((".zip", ".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz"))


def open_archive(path: Path, *, cache_dir: Path) -> "ZipFiles | TarFiles":
    """The archive as a list of files. Raises: DataError for one that is damaged or has unsafe names."""
    try:
        open_regular(path).close()  # nothing is waited for that a pipe may never bring
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
        self._zip, self._stamp = _OpenZip(path), stamp_of(path.stat())
        members = Members(path)
        infos = self._zip.get().infolist()
        spelled, encoding = zip_names(infos)
        for info, name in zip(infos, spelled, strict=True):
            if stat.S_ISLNK(info.external_attr >> 16):
                members.add_link(name, self._target(info))
            else:
                members.add(name, info.filename, raw=info.orig_filename, is_folder=info.is_dir())
        members.follow_links()
        self._members: dict[str, str] = members.files
        self.names, self.folders, self.left_out = sorted(members.files), members.folders, members.left_out
        self.notes = told(path, encoding, self.names)

    def _target(self, info: zipfile.ZipInfo) -> str:
        """Where a symbolic link leads: its content; "" where that cannot be read."""
        try:
            with self._zip.get().open(info) as file:
                return readable(file.read(LONGEST_LINK).decode("utf-8", "surrogateescape"))
        except (*DAMAGE, NotImplementedError, RuntimeError):
            return ""

    def read(self, name: str) -> bytes:
        archive = self._zip.get()
        info = archive.getinfo(self._members[name])
        _require_few(info.file_size)
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
        self._stamp = stamp_of(path.stat())
        self._plain = plain = _plain_tar(path, room)
        with tarfile.open(plain, "r:", encoding="utf-8") as archive:
            infos = archive.getmembers()
        last = infos[-1] if infos else None
        end = last.offset_data + -(-last.size // BLOCK) * BLOCK * last.isreg() if last else 0
        if end + BLOCK > plain.stat().st_size:  # at least one empty record ends a whole archive
            raise tarfile.ReadError("unexpected end of data")
        members = Members(path)
        spell, encoding = speller(text for info in infos for text in (info.name, info.linkname))
        for info in infos:
            if info.issym() or info.islnk():
                members.add_link(spell(info.name), spell(info.linkname), from_root=info.islnk())
            elif info.isreg() or info.isdir():
                where = info.offset_data, info.size
                members.add(spell(info.name), where, raw=info.name, is_folder=info.isdir())
            else:  # a device or a pipe
                members.left_out.append(LeftOut(spell(info.name), "device"))
        members.follow_links()
        self._offsets: dict[str, tuple[int, int]] = members.files
        self.names, self.folders, self.left_out = sorted(members.files), members.folders, members.left_out
        self.notes = told(path, encoding, self.names)

    def read(self, name: str) -> bytes:
        offset, size = self._offsets[name]
        _require_few(size)
        try:
            with self._plain.open("rb") as file:  # opened each time: safe for threads and forks, and costs 15 µs
                file.seek(offset)
                return file.read(size)
        except OSError as error:
            raise Unreadable(error.strerror or str(error)) from error

    def stamp(self, name: str) -> str:
        return self._stamp


def _plain_tar(path: Path, room: Path) -> Path:
    """`path` itself, or where it is compressed, its copy in `room`, written if it is not there or not whole."""
    with open_regular(path) as file:
        start = file.read(6)
    opener = next((opener for magic, opener in OPENERS.items() if start.startswith(magic)), None)
    if opener is None:
        return path
    plain = room / f"{content_digest(path)}.tar"
    if not is_sound(plain):
        held, size = path.stat().st_size, 0
        with opener(path, "rb") as packed, sealing(plain) as file:
            while chunk := packed.read(1 << 20):
                size += len(chunk)
                require_unpacked(path, size, packed=held)
                file.write(chunk)
    return plain


def _require_few(size: int) -> None:
    """Raises: Unreadable for a file of more bytes than one image may have."""
    if size > most_bytes():
        raise Unreadable(note("data.reason-too-many-bytes", limit=f"{most_bytes():,}", variable=UNPACKED))

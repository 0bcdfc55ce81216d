"""Digests of files by their content, kept in the cache while a file's path, size and times stay.

They name what data is made of wherever it lies: in a folder, in an archive, on another machine.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lissom.data.files import DECODE_VERSION, Unreadable, header, is_image_name
from lissom.data.scales import Kind
from lissom.data.side_by_side import look_at_each
from lissom.data.sources import Files
from lissom.data.storing import store
from lissom.errors import MachineError
from lissom.events import Advanced, Listener
from lissom.plain import to_json_rows

FORM = b"looks 3"  # of the index: what it holds of each file
SALT = f"decoder {DECODE_VERSION}".encode()  # another decoder sees other pixels in the same bytes


class Look(NamedTuple):
    """What is known of a file without decoding it."""

    digest: str
    """Of its bytes and of the decoder's version, in hex."""
    side: int
    """The longer side of the image, pixels, as its header says; 0: no image's header."""
    kind: Kind | None
    """What of more than 8 bits it holds, as its header says."""
    size: Sequence[int] = (0, 0)
    """Width and height as decoded, upright, pixels; 0: no image's header."""
    orientation: int = 1
    """As EXIF counts them; 1 is upright."""


def digest_of(data: bytes) -> str:
    """BLAKE2b of the bytes, 16 bytes in hex, salted with the decoder's version."""
    return hashlib.blake2b(data, digest_size=16, salt=SALT).hexdigest()


def look_at(
    files: Files, names: Sequence[str], *, cache_dir: Path, listener: Listener, workers: int = 0, use: str = ""
) -> list[Look]:
    """A look at each named file: from the index in the cache while its stamp stays, else at its bytes.

    use: what for, where other files of the same folder are looked at for something else: each use has an index.
    The index is a help alone: where the cache cannot be written, everything is read again the next time.
    workers: as `look_at_each`. Raises: MachineError for a folder of the cache that lissom did not make.
    """
    path = _index(files.path, cache_dir, use)
    known = _read(path)
    stamps = {name: files.stamp(name) for name in names}
    entries = ((name, known.get(name)) for name, stamp in stamps.items() if stamp)
    kept = {name: Look(*entry[1:]) for name, entry in entries if entry and entry[0] == stamps[name]}
    unknown, found = [name for name in names if name not in kept], list[Look]()
    for some in look_at_each(lambda number: _look(files, unknown[number]), len(unknown), workers=workers):
        found += some
        listener(Advanced(what="images", done=len(kept) + len(found), total=len(names)))
    looks = kept | dict(zip(unknown, found, strict=True))
    rows = {name: [stamp, *looks[name]] for name, stamp in stamps.items() if stamp}
    if rows.keys() - kept.keys():
        _write(path, rows)
    return [looks[name] for name in names]


def _look(files: Files, name: str) -> Look:
    try:
        data = files.read(name)
    except Unreadable:  # named with all others when they are decoded
        return Look("unreadable", 0, None)
    digest = digest_of(data)
    if is_image_name(name):
        with contextlib.suppress(Unreadable):
            found = header(data)
            return Look(digest, max(found.size), found.kind, found.upright, found.orientation)
    return Look(digest, 0, None)


def _index(root: Path, cache_dir: Path, use: str) -> Path:
    """One for each folder or archive and use."""
    path_digest = hashlib.blake2b(os.fsencode(root.resolve()), digest_size=16, key=use.encode()).hexdigest()
    return cache_dir / "digests" / f"{path_digest}.index"


def _read(path: Path) -> dict[str, list[Any]]:
    """Name -> stamp, digest, side, kind; nothing where the file does not prove itself."""
    try:
        seal, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return {}
    return json.loads(body) if seal == _seal(path, body) else {}


def _write(path: Path, known: dict[str, list[Any]]) -> None:
    body = to_json_rows(known).encode()
    try:
        with store(path) as file:
            file.write(_seal(path, body) + b"\n" + body)
    except MachineError as error:
        if error.kind == "cache-not-ours":
            raise


def _seal(path: Path, body: bytes) -> bytes:
    """Of the index under its name, and of how digests are made."""
    return hashlib.blake2b(body, key=SALT + FORM, person=bytes.fromhex(path.stem)).hexdigest().encode()

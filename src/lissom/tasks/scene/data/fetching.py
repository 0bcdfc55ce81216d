"""Where a known scene's files are: in the cache, in a folder that the user names, or, when asked, on their page."""

import hashlib
import json
import os
from pathlib import Path

from lissom.atomic import write_atomic
from lissom.config import cache_folder
from lissom.data.download import fetch
from lissom.errors import DataMissing
from lissom.events import Listener, silent
from lissom.plain import to_json
from lissom.tasks.scene.data.known import PAGE, File, Known

RECORD = "checksums.json"  # MD5 of files whose page publishes none, as first fetched


def find_files(
    known: Known,
    files: list[File],
    *,
    folder: Path | None = None,
    download: bool = False,
    listener: Listener = silent,
) -> list[Path]:
    """Files of a known scene in `folder` (else the cache, else LISSOM_DATA), fetched if `download` says so.

    Raises: DataError where one is not there, MachineError where it cannot be fetched.
    """
    cache = cache_folder() / "scenes"
    folders = [folder] if folder else [cache, *_real_data()]
    found = []
    for file in files:
        path = _found(file, folders)
        if path is None and not download:
            raise DataMissing("scene-not-downloaded", name=known.title, file=file.name, folder=folders[0], page=PAGE)
        found.append(path or fetch_file(file, folders[0], listener, room=folder is None))
    return found


def missing_files(files: list[File]) -> list[File]:
    """Those of a known scene that are neither in the cache nor in LISSOM_DATA."""
    folders = [cache_folder() / "scenes", *_real_data()]
    return [file for file in files if _found(file, folders) is None]


def _real_data() -> list[Path]:
    named = os.environ.get("LISSOM_DATA")
    return [Path(named)] if named else []


def _found(file: File, folders: list[Path]) -> Path | None:
    """The file in one of the folders or one folder below, whatever the case of its name."""
    for folder in folders:
        for path in (*sorted(folder.glob("*.mat")), *sorted(folder.glob("*/*.mat"))):
            if path.name.lower() == file.name.lower():
                return path
    return None


def fetch_file(file: File, folder: Path, listener: Listener = silent, *, room: bool = True) -> Path:
    """Stores one published file in `folder`. Its checksum must be the published one, or the one of its first fetch.

    room: the folder is a room of the cache.

    Raises: DataError for a wrong checksum, MachineError for network and disk.
    """
    path, record = folder / file.name, folder / RECORD
    recorded: dict[str, str] = json.loads(record.read_text("utf-8")) if record.is_file() else {}
    fetch(file.address, path, md5=file.md5 or recorded.get(file.name), room=room, listener=listener)
    if file.md5 is None and file.name not in recorded:
        with path.open("rb") as stored:
            digest = hashlib.file_digest(stored, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        write_atomic(record, to_json(recorded | {file.name: digest}))
    return path

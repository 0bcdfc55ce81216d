"""Where a known scene's files are: in the cache, in a folder that the user names, or, when asked, on their page."""

import hashlib
import json
import os
from pathlib import Path

from lissom.config import cache_folder
from lissom.data.download import Progress, fetch
from lissom.data.scenes.known import PAGE, File, Known
from lissom.errors import DataError
from lissom.runs.atomic import write_atomic

RECORD = "checksums.json"  # MD5 of files whose page publishes none, as first fetched


def find_files(
    known: Known, *, folder: Path | None = None, download: bool = False, progress: Progress | None = None
) -> tuple[Path, Path]:
    """Cube and map of a known scene, from `folder` (or the cache, or LISSOM_DATA), fetched if `download` says so.

    Raises: DataError where they are not there, MachineError where they cannot be fetched.
    """
    cache = cache_folder() / "scenes"
    places = (
        [folder] if folder else [cache, *([Path(os.environ["LISSOM_DATA"])] if "LISSOM_DATA" in os.environ else [])]
    )
    cube, ground_truth = (_found(file, places) for file in (known.cube, known.ground_truth))
    if download:
        cube = cube or fetch_file(known.cube, folder or cache, progress)
        ground_truth = ground_truth or fetch_file(known.ground_truth, folder or cache, progress)
    if cube is None or ground_truth is None:
        missing = (known.cube if cube is None else known.ground_truth).name
        raise DataError("scene-not-downloaded", name=known.title, file=missing, folder=places[0], page=PAGE)
    return cube, ground_truth


def _found(file: File, folders: list[Path]) -> Path | None:
    """The file in one of the folders or one folder below, whatever the case of its name."""
    for folder in folders:
        for path in (*sorted(folder.glob("*.mat")), *sorted(folder.glob("*/*.mat"))):
            if path.name.lower() == file.name.lower():
                return path
    return None


def fetch_file(file: File, folder: Path, progress: Progress | None = None) -> Path:
    """Stores one published file in `folder`. Its checksum must be the published one, or the one of its first fetch.

    Raises: DataError for a wrong checksum, MachineError for network and disk.
    """
    path, record = folder / file.name, folder / RECORD
    recorded: dict[str, str] = json.loads(record.read_text("utf-8")) if record.is_file() else {}
    fetch(file.address, path, md5=file.md5 or recorded.get(file.name), progress=progress)
    if file.md5 is None and file.name not in recorded:
        with path.open("rb") as stored:
            digest = hashlib.file_digest(stored, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        write_atomic(record, json.dumps(recorded | {file.name: digest}, indent=2))
    return path

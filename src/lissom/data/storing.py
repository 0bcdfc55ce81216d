"""Files in the cache, and what killed processes have left there."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lissom.atomic import writing
from lissom.data.rooms import make_room

STALE_SECONDS = 24 * 3600  # a part this old belongs to a process that was killed


@contextmanager
def store(path: Path) -> Iterator[IO[bytes]]:
    """A file of the cache to write, whole or not at all, as `atomic.writing`; its folder is made a room, and swept.

    Raises: MachineError for a full disk, or a folder that cannot be written or was not made by lissom.
    """
    make_room(path.parent)
    _sweep(path.parent)
    with writing(path, where="cache-") as file:
        yield file


def _sweep(folder: Path) -> None:
    """Removes parts that killed processes left."""
    for part in folder.glob("*.part"):
        try:
            if part.stat().st_mtime < time.time() - STALE_SECONDS:
                part.unlink()
        except OSError:  # another process was faster
            continue

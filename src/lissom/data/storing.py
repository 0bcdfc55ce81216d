"""Files in the cache, and what killed processes have left there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lissom.atomic import sweep, writing
from lissom.data.rooms import make_room


@contextmanager
def store(path: Path) -> Iterator[IO[bytes]]:
    """A file of the cache to write, whole or not at all, as `atomic.writing`; its folder is made a room, and swept.

    Raises: MachineError for a full disk, or a folder that cannot be written or was not made by lissom.
    """
    make_room(path.parent)
    sweep(path.parent)
    with writing(path, where="cache-") as file:
        yield file

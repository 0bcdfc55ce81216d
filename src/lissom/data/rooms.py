"""Rooms of the cache: folders with a mark that lissom made them, so that clearing the cache takes nothing else."""

from pathlib import Path

from lissom.atomic import FULL
from lissom.errors import MachineError

MARK = ".lissom"
ROOMS = ("archives", "digests", "downloads", "images", "limits", "scenes", "weights")


def make_room(folder: Path) -> None:
    """Makes a room of the cache, where it is not there; whoever writes into one calls this first.

    Raises: MachineError for a folder that cannot be written, or that holds files and was not made here.
    """
    try:
        if is_room(folder):
            return
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not is_room(folder):  # asked again: another process may make it now
            raise MachineError("cache-not-ours", path=folder)
        (folder / MARK).touch()
    except MachineError:
        raise
    except OSError as error:
        kind = "cache-disk-full" if error.errno in FULL else "cache-not-writable"
        raise MachineError(kind, path=folder, reason=error.strerror or error) from error


def is_room(folder: Path) -> bool:
    """Whether lissom made this folder."""
    return (folder / MARK).is_file()

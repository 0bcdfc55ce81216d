"""`lissom cache`."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lissom.cli.arguments import DryRun, Json
from lissom.config import cache_folder
from lissom.data.rooms import MARK, ROOMS, is_room
from lissom.errors import MachineError
from lissom.messages import text
from lissom.plain import to_json


@dataclass(frozen=True, kw_only=True)
class Cache:
    """Arguments of `lissom cache`."""

    cache_dir: str | None = None
    """The folder; None: LISSOM_CACHE, or the user's cache folder."""
    clear: bool = False
    """Delete what lissom created there, and nothing else."""
    dry_run: DryRun = False
    """Only say what would be deleted."""
    json: Json = False

    def run(self) -> int:
        """Prints where the cache is and how large; deletes it if asked."""
        folder = cache_folder(self.cache_dir)
        made = [room for room in (folder / name for name in ROOMS) if is_room(room)]
        sizes = [file.stat().st_size for room in made for file in room.rglob("*") if _counts(file, room)]
        report: dict[str, Any] = {"folder": str(folder), "files": len(sizes), "bytes": sum(sizes)}
        if not self.json:
            print(text("cli.cache", folder=folder, files=len(sizes), megabytes=f"{sum(sizes) / 1e6:.1f}"))
        if self.clear or self.dry_run:
            report |= self._clear(folder, made)
        if self.json:
            print(to_json(report))
        return 0

    def _clear(self, folder: Path, made: list[Path]) -> dict[str, list[str]]:
        """Deletes the rooms; says which, and which of the same names are not lissom's."""
        left = [path for path in (folder / name for name in ROOMS) if path.exists() and path not in made]
        told = "cli.cache-would-clear" if self.dry_run else "cli.cache-cleared"
        for room in made:
            if not self.dry_run:
                _delete(room)
            if not self.json:
                print(text(told, folder=room))
        for path in left:
            if not self.json:
                print(text("cli.cache-left", folder=path))
        key = "would_delete" if self.dry_run else "deleted"
        return {key: [str(room) for room in made], "left": [str(path) for path in left]}


def _counts(file: Path, room: Path) -> bool:
    return file.is_file() and file != room / MARK


def _delete(room: Path) -> None:
    """The mark last, so that what an error leaves is known as lissom's the next time."""
    try:
        for entry in room.iterdir():
            if entry.name == MARK:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        (room / MARK).unlink()
        room.rmdir()
    except OSError as error:
        raise MachineError("cache-not-cleared", path=room, reason=error.strerror) from None

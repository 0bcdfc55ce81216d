"""`lissom cache`."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lissom.cli.arguments import DryRun, Json
from lissom.config import cache_folder
from lissom.errors import MachineError
from lissom.messages import text
from lissom.plain import to_json


@dataclass(frozen=True, kw_only=True)
class Cache:
    """Arguments of `lissom cache`."""

    cache_dir: str | None = None
    """The folder; None: LISSOM_CACHE, or the user's cache folder."""
    clear: bool = False
    """Delete everything in it."""
    dry_run: DryRun = False
    """Only say what would be deleted."""
    json: Json = False

    def run(self) -> int:
        """Prints where the cache is and how large; deletes it if asked."""
        folder = cache_folder(self.cache_dir)
        files = [f for f in folder.rglob("*") if f.is_file()] if folder.is_dir() else []
        size = sum(f.stat().st_size for f in files)
        if self.json:
            print(to_json({"folder": str(folder), "files": len(files), "bytes": size}))
        else:
            print(text("cli.cache", folder=folder, files=len(files), megabytes=f"{size / 1e6:.1f}"))
        if self.clear:
            _clear(folder, dry_run=self.dry_run)
        return 0


def _clear(folder: Path, *, dry_run: bool) -> None:
    """Deletes the folders that lissom makes there, and nothing else that a person may keep beside them."""
    for part in (folder / name for name in ("images", "downloads", "archives", "weights", "limits")):
        if not part.exists():
            continue
        print(text("cli.cache-would-clear" if dry_run else "cli.cache-cleared", folder=part))
        if not dry_run:
            try:
                shutil.rmtree(part)
            except OSError as error:
                raise MachineError("cache-not-cleared", path=part, reason=error.strerror) from None

"""`lissom fetch`."""

from dataclasses import dataclass
from typing import Annotated

from lissom.cli.arguments import Json, Positional
from lissom.config import cache_folder
from lissom.messages import text
from lissom.plain import to_json


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """Arguments of `lissom fetch`."""

    names: Annotated[tuple[str, ...], Positional] = ()
    """Checkpoints, or networks, which stand for their best known checkpoint; none: list all."""
    list: bool = False
    """Say every file, its size and address, and fetch nothing."""
    mirror: str | None = None
    """Address that stands in for the host of each file; None: LISSOM_MIRROR, or the publisher's own host."""
    offline: bool = False
    """Fetch nothing: an error for what is not in the cache."""
    cache_dir: str | None = None
    """The cache; None: LISSOM_CACHE, or the user's cache folder."""
    json: Json = False

    def run(self) -> int:
        """Prints a line for each file."""
        if self.list or not self.names:
            self._list()
            return 0
        from lissom.cli.progress import screen
        from lissom.verbs.fetch import fetch

        with screen(quiet=self.json) as listener:
            result = fetch(
                self.names, mirror=self.mirror, offline=self.offline, cache_dir=self.cache_dir, listener=listener
            )
        if self.json:
            print(to_json(result))
            return 0
        for row in result:
            print(text("weights.fetched", name=row["checkpoint"], path=row["path"]))
            if row["sha256"] is None:
                print(text("weights.unchecked", name=row["checkpoint"]))
        return 0

    def _list(self) -> None:
        from lissom.verbs.fetch import list_files

        rows = list_files(self.names, cache_dir=self.cache_dir)
        if self.json:
            print(to_json(rows))
            return
        from lissom.cli.show import show_rows

        folder = cache_folder(self.cache_dir) / "weights"
        size = sum(row["megabytes"] or 0 for row in rows)
        show_rows(
            [{**row, "cached": text("weights.here") if row["cached"] else ""} for row in rows],
            note=text("weights.listed", files=len(rows), size=f"{size:.0f}", folder=folder),
        )

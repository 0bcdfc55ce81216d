"""Data sets turned into other forms, by whichever task knows them."""

from pathlib import Path
from typing import Any

from lissom.config import cache_folder
from lissom.events import Listener, silent
from lissom.training.registry import CONVERTERS, imported


def convert_data(
    source: Path | str,
    *,
    to: str,
    output: Path | str,
    images: str = "copy",
    cache_dir: str | None = None,
    dry_run: bool = False,
    listener: Listener = silent,
) -> dict[str, Any]:
    """Writes the data at `source` to the new folder `output` in the form `to`: what was written, as plain data.

    images: `copy`, or `link`: a second name of the same file. dry_run: everything is read, nothing is written.
    Raises: UsageError for an unknown form or an output that exists; DataError for what cannot be read.
    """
    (spec,) = CONVERTERS.values()
    return imported(spec)(
        source,
        to=to,
        output=Path(output),
        images=images,
        cache_dir=cache_folder(cache_dir),
        dry_run=dry_run,
        listener=listener,
    )

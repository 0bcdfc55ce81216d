"""A look inside a network, from its samples to figures and files."""

from pathlib import Path
from typing import Any

from lissom.inspection import files
from lissom.inspection.look import facts, look
from lissom.inspection.samples import Samples

LEAST_IMAGES = 2  # information lost is fitted to one half and judged on the other


def inspect_samples(samples: Samples, *, source: str, folder: Path | None, batch_size: int) -> dict[str, Any]:
    """All figures as plain data, with `source`, which says whose pictures these are, and the folder.

    folder: where page, tables and pictures are written; None: nowhere. Raises: MachineError where it cannot write.
    """
    seen = look(samples, batch_size=batch_size)
    result = {**facts(seen), "source": source, "folder": None if folder is None else str(folder)}
    if folder is not None:
        files.write(folder, seen, result)
    return result

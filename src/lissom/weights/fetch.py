"""Published weights into the cache, by name, or a list of their files. No torch here."""

from collections.abc import Sequence
from typing import Any

from lissom.errors import UsageError, near
from lissom.events import Listener, silent
from lissom.models.registry import ENTRIES
from lissom.weights.catalogue import CHECKPOINTS, checkpoints
from lissom.weights.checkpoint import Checkpoint
from lissom.weights.listing import megabytes
from lissom.weights.source import Source, cached_file, obtain


def list_files(names: Sequence[str] = (), *, cache_dir: str | None = None) -> list[dict[str, Any]]:
    """One row for each file that `fetch` with these names would want; nothing is fetched. No names: all.

    `megabytes` is None where no size is published; `cached` says whether the file is here.
    """
    rows = [row for name in names for row in _rows(name)] if names else list(CHECKPOINTS.values())
    return [
        {
            "checkpoint": row.name,
            "network": row.network,
            "megabytes": megabytes(row),
            "licence": row.licence,
            "cached": cached_file(row, cache_dir).is_file(),
            "address": row.address,
        }
        for row in rows
    ]


def fetch(
    names: Sequence[str],
    *,
    mirror: str | None = None,
    offline: bool = False,
    cache_dir: str | None = None,
    listener: Listener = silent,
) -> list[dict[str, Any]]:
    """Fetches what is not in the cache yet; a row for each file with `checkpoint`, `path` and `sha256`.

    names: of checkpoints, or of networks, which stand for their best known checkpoint. mirror: stands in for the host
    of each address. offline: an error for what is not here. `sha256` is the published one, None where there is none.
    Raises: UsageError for an unknown name, MachineError for a network that fails, DataError for a wrong checksum.
    """
    wanted = [row for name in names for row in _rows(name)]
    return [
        {
            "checkpoint": row.name,
            "path": str(
                obtain(
                    Source(cached_file(row, cache_dir), row, row.norm),
                    mirror=mirror,
                    offline=offline,
                    listener=listener,
                )
            ),
            "sha256": row.sha256,
        }
        for row in wanted
    ]


def _rows(name: str) -> list[Checkpoint]:
    if name in CHECKPOINTS:
        return [CHECKPOINTS[name]]
    if name not in ENTRIES:
        raise UsageError("weights-name-unknown", name=name, near=near(name, [*CHECKPOINTS, *ENTRIES]))
    if not checkpoints(name):
        raise UsageError("weights-none-published", network=name)
    return checkpoints(name)[:1]

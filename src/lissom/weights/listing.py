"""The published checkpoints in a table, from the catalogue alone. No torch here."""

from typing import Any

from lissom.models.registry import letters
from lissom.weights.catalogue import CHECKPOINTS
from lissom.weights.checkpoint import Checkpoint

MEBIBYTE = 1 << 20


def list_pretrained(pattern: str = "") -> list[dict[str, Any]]:
    """One row per published checkpoint whose name, or whose network's, contains `pattern`; nothing is fetched.

    `options` are those of `build` that the checkpoint wants; `top1` is in percent, as `reporter` measured it, both None
    where nothing is reported.
    """
    return [
        {
            "checkpoint": row.name,
            "network": row.network,
            "options": " ".join(f"{k}={v}" for k, v in row.options.items()) or None,
            "resolution": row.resolution,
            "top1": row.top1,
            "reporter": row.reporter,
            "licence": row.licence,
            "megabytes": megabytes(row),
        }
        for row in CHECKPOINTS.values()
        if letters(pattern) in letters(row.name) or letters(pattern) in letters(row.network)
    ]


def megabytes(row: Checkpoint) -> float | None:
    """Of its file, in millions of bytes; None where no size is published."""
    return row.mebibytes and round(row.mebibytes * MEBIBYTE / 1e6, 1)

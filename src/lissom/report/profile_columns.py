"""The columns of a profile's tables: of networks, of layers, of modules and of families of layers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lissom.errors import UsageError, near
from lissom.messages import text
from lissom.report.tables import Column, column, percent

Show = Callable[[Any], str]
LATENCIES = {"latency_ms", "latency_p95_ms", "cpu_ms", "device_ms", "time_ms", "time_p95_ms", "time_share", "fraction"}
"""Columns that hold for one machine only."""
# What is shown unless `--columns` names others; a column that no row has a value for is left out.
SHOWN = {
    "networks": [
        "network", "parameters", "trainable", "macs", "printed_macs", "macs_difference", "peak_memory_bytes",
        "latency_ms", "latency_p95_ms", "cpu_ms", "resident_bytes", "top1",
    ],
    "layers": [
        "name", "kind", "output_shape", "parameters", "trainable", "macs", "macs_share", "time_ms", "time_share",
        "bound", "fraction",
    ],
    "modules": ["name", "module", "parameters", "trainable", "macs", "macs_share", "time_ms", "time_share"],
    "families": ["family", "layers", "parameters", "macs", "macs_share", "bytes", "time_ms", "time_share", "limit_ms"],
}  # fmt: skip

# What a narrow terminal does without, the last one first; a column that was asked for stays.
SPARED = (
    "macs_share", "cpu_ms", "top1", "module", "time_share", "output_shape", "peak_memory_bytes", "bound", "layers",
    "bytes", "latency_p95_ms", "resident_bytes", "fraction", "limit_ms", "printed_macs", "macs_difference",
)  # fmt: skip


def megabytes(value: float) -> str:
    """In 10^6 bytes."""
    return f"{value / 1e6:,.2f} MB"


def difference(fraction: float) -> str:
    """0.0123 -> "+1.2 %"; no sign before what rounds to zero."""
    percents = round(100 * fraction, 1)
    return f"{percents:+.1f} %" if percents else "0.0 %"


def shape(sides: Sequence[int]) -> str:
    """1 x 3 x 224 x 224."""
    return " x ".join(map(str, sides))


def _milliseconds(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def _operations(by_kind: Mapping[str, int]) -> str:
    return " ".join(f"{kind} {number:,}" for kind, number in by_kind.items() if number)


def _show(key: str) -> Show:
    own: dict[str, Show] = {
        "output_shape": shape,
        "input_shape": shape,
        "receptive_field": shape,
        "other": _operations,
        "printed_macs": "{:g} M".format,
        "printed_parameters": "{:g} M".format,
        "top1": "{:g}".format,
        "family": lambda name: text(f"family.{name}"),
        "bound": lambda name: text(f"profile_column.bound_{name}"),
        "macs_per_second": lambda speed: f"{speed / 1e9:.3g} GMAC/s",
        "intensity": "{:.3g}".format,
    }
    endings: dict[str, Show] = {
        "_share": percent,
        "_difference": difference,
        "fraction": percent,
        "_ms": _milliseconds,
        "bytes": megabytes,
    }
    ending = next((show for end, show in endings.items() if key.endswith(end)), None)
    return own.get(key) or ending or (lambda value: f"{value:,}" if isinstance(value, int) else str(value))


def title(key: str) -> str:
    """A column's heading in the reader's language, with its unit."""
    return text(f"profile_column.{key}")


def available(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Columns for which some row has a value and which have a heading."""
    keys = dict.fromkeys(key for row in rows for key, value in row.items() if value is not None)
    return [key for key in keys if key in COLUMNS]


def columns(rows: Sequence[Mapping[str, Any]], kind: str, wanted: Sequence[str] = ()) -> list[Column]:
    """The table's columns: `wanted`, or those of `SHOWN[kind]` that some row has. Raises: UsageError for others."""
    known = available(rows)
    for key in wanted:
        if key not in known:
            raise UsageError("column-unknown", got=key, near=near(key, known))
    if wanted:
        return [_column(key) for key in wanted]
    ranks = {key: place for place, key in enumerate(SPARED, 1)}
    return [_column(key, ranks.get(key, 0)) for key in SHOWN[kind] if key in known]


def _column(key: str, rank: int = 0) -> Column:
    return column(key, title(key), _show(key), right=key not in WORDS, rank=rank)


WORDS = {"network", "name", "kind", "module", "family", "bound", "output_shape", "input_shape", "other"}
NUMBERS = {
    "resolution", "parameters", "trainable", "macs", "activations", "memory_access", "bytes", "bytes_read",
    "bytes_written", "intensity", "receptive_field", "calls", "layers", "macs_share", "time_ms", "time_p95_ms",
    "time_share", "limit_ms", "fraction", "macs_per_second", "peak_memory_bytes", "weight_bytes", "resident_bytes",
    "device_bytes", "latency_ms", "latency_p95_ms", "cpu_ms", "device_ms", "printed_parameters",
    "parameters_difference", "printed_macs", "macs_difference", "top1",
}  # fmt: skip
COLUMNS = WORDS | NUMBERS

"""Counts and times brought together: what bounds each layer on this machine, and how near to the bound it comes.

The model is that of Williams, Waterman and Patterson (Communications of the ACM 52/4, 2009): a layer takes at least
the time of its arithmetic at peak speed, and at least that of its bytes at full bandwidth.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lissom.profiler.limits import Limits

FAMILIES = (
    "pointwise",
    "conv",
    "depthwise",
    "grouped",
    "linear",
    "matmul",
    "norm",
    "activation",
    "pool",
    "elementwise",
    "other",
)
WITH_MACS = FAMILIES[:6]
FLOAT_BYTES = 4
Layer = Mapping[str, Any]


def family(kind: str) -> str:
    """The family of a layer's kind: "depthwise 3x3" is depthwise."""
    first = kind.split(" ")[0]
    same = {"transposed": "conv", "attention": "matmul", "se": "elementwise"}
    found = same.get(first, first)
    return found if found in FAMILIES else "other"


def moved_bytes(layer: Layer, batch: int = 1) -> int:
    """Bytes read and written for a batch; the weights are read once, whatever its size."""
    once = layer["bytes_read"] + layer["bytes_written"]
    return batch * once - (batch - 1) * min(FLOAT_BYTES * layer["parameters"], layer["bytes_read"])


def place(layer: Layer, time: Mapping[str, Any], limits: Limits, batch: int = 1) -> dict[str, Any]:
    """What `time` (`time_ms`, p05 and p95 in ms, of a batch) adds to a counted layer.

    `bound` is compute or memory, `limit_ms` the least time there, `fraction` the share of the limit that was reached:
    it may exceed 1, as Winograd's and Strassen's ways need fewer multiplications, and operators in a row share caches.
    """
    moved = moved_bytes(layer, batch)
    compute_ms = 1e3 * batch * layer["macs"] / limits.macs_per_second
    memory_ms = 1e3 * moved / limits.bandwidth(moved)
    limit_ms = max(compute_ms, memory_ms)
    time_ms = time["time_ms"]
    return {
        "time_ms": time_ms,
        "time_p05_ms": time["p05_ms"],
        "time_p95_ms": time["p95_ms"],
        "compute_ms": compute_ms,
        "memory_ms": memory_ms,
        "limit_ms": limit_ms,
        "bound": "compute" if compute_ms > memory_ms else "memory",
        "fraction": limit_ms / time_ms if time_ms else None,
        "macs_per_second": 1e3 * batch * layer["macs"] / time_ms if time_ms else None,
    }


def with_families(layers: Iterable[Layer]) -> list[dict[str, Any]]:
    """The layers, each with the `family` of its kind."""
    return [{**layer, "family": family(layer["kind"])} for layer in layers]


def placed(
    layers: Sequence[Layer], times: Mapping[str, Mapping[str, Any]], limits: Limits, batch: int = 1
) -> list[dict[str, Any]]:
    """All layers with their `family`; those that ran and were timed also with what `place` says and `time_share`."""
    total = sum(time["time_ms"] for time in times.values()) or 1.0
    rows = with_families(layers)
    for row, layer in zip(rows, layers, strict=True):
        if layer["name"] in times:
            row |= place(layer, times[layer["name"]], limits, batch)
            row["time_share"] = row["time_ms"] / total
    return rows


def by_family(layers: Iterable[Layer]) -> list[dict[str, Any]]:
    """Sums over the layers of each family, with shares of the whole; times only where they were measured."""
    rows = list(layers)
    sums = []
    for name in FAMILIES:
        members = [row for row in rows if family(row["kind"]) == name and row["kind"] != "not run"]
        if members:
            sums.append({"family": name, "layers": len(members), **_sums(members)})
    macs = sum(row["macs"] for row in sums) or 1
    time_ms = sum(row["time_ms"] for row in sums) or 1.0
    return [row | {"macs_share": row["macs"] / macs, "time_share": row["time_ms"] / time_ms} for row in sums]


def _sums(members: Sequence[Layer]) -> dict[str, Any]:
    return {
        "parameters": sum(row["parameters"] for row in members),
        "macs": sum(row["macs"] for row in members),
        "bytes": sum(moved_bytes(row) for row in members),
        "calls": sum(row["calls"] for row in members),
        "time_ms": sum(row.get("time_ms", 0.0) for row in members),
        "limit_ms": sum(row.get("limit_ms", 0.0) for row in members),
    }

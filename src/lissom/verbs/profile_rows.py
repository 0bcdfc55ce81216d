"""A profile as flat rows for tables and files, and files of profiles brought together again."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lissom.errors import DataError
from lissom.profiler.machine import differences
from lissom.report.profile_columns import LATENCIES

Found = Mapping[str, Any]


def network_row(found: Found) -> dict[str, Any]:
    """One network's sums on one line; figures that were not measured or printed are None."""
    measured, printed = found.get("measured") or {}, found.get("printed") or {}
    times = measured.get("latency", {})
    return {
        "network": found["network"],
        "resolution": found["resolution"],
        **{key: found[key] for key in ("parameters", "macs", "activations", "memory_access")},
        **{key: found[key] for key in ("bytes_read", "bytes_written", "peak_memory_bytes", "weight_bytes")},
        "printed_parameters": printed.get("parameters"),
        "parameters_difference": printed.get("parameters_difference"),
        "printed_macs": printed.get("macs"),
        "macs_difference": printed.get("macs_difference"),
        "latency_ms": times.get("median_ms"),
        "latency_p95_ms": times.get("p95_ms"),
        "cpu_ms": times.get("cpu_ms"),
        "device_ms": measured.get("device_ms"),
        "resident_bytes": measured.get("resident_bytes"),
        "device_bytes": measured.get("device_bytes"),
        "top1": (found.get("published") or {}).get("top1"),
    }


def layer_rows(found: Found) -> list[dict[str, Any]]:
    """The layers, each with its share of the MACs."""
    whole = max(1, found["macs"])
    return [{**layer, "macs_share": layer["macs"] / whole} for layer in found["layers"]]


def module_rows(found: Found) -> list[dict[str, Any]]:
    """The tree of modules, names indented by depth, each with the sums of all that is below it."""
    whole, times = max(1, found["macs"]), _times_below(found)
    total = times.get("") or 1.0
    rows = []
    for module in found["modules"]:
        name, last = module["name"], module["name"].rpartition(".")[2] or found["network"]
        time = {"time_ms": times[name], "time_share": times[name] / total} if name in times else {}
        rows.append({**module, "path": name, "name": "  " * module["depth"] + last, **time})
        rows[-1]["macs_share"] = module["macs"] / whole
    return rows


def rows_of(found: Sequence[Found], kind: str) -> list[dict[str, Any]]:
    """Rows of a `kind`: networks, layers, modules or families; of several networks each row names its own."""
    if kind == "networks":
        return [network_row(one) for one in found]
    makers = {"layers": layer_rows, "modules": module_rows, "families": lambda one: list(one["families"])}
    rows = [(one["network"], row) for one in found for row in makers[kind](one)]
    return [{"network": name, **row} for name, row in rows] if len(found) > 1 else [row for _, row in rows]


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row for CSV: shapes as 1x3x224x224, dictionaries as JSON."""

    def plain(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return "x".join(map(str, value))
        return json.dumps(value) if isinstance(value, dict) else value

    return {key: plain(value) for key, value in row.items()}


def read_profiles(files: Sequence[Path]) -> list[dict[str, Any]]:
    """The profiles in files that `--json` or `--output` wrote. Raises: DataError for a file that is none."""
    found = []
    for file in files:
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError("profile-unreadable", path=file, reason=error) from None
        for one in content if isinstance(content, list) else [content]:
            if not isinstance(one, dict) or not {"network", "macs", "layers"} <= one.keys():
                raise DataError("profile-unreadable", path=file, reason="no profile in it")
            found.append({**one, "file": str(file)})
    return found


def require_one_machine(found: Sequence[Found], wanted: Sequence[str] = ()) -> None:
    """Passes when no two latencies come from different machines, or when `wanted` columns hold none of them.

    Raises: DataError naming both files and the first setting in which they differ.
    """
    if wanted and not LATENCIES & set(wanted):
        return
    timed = [one for one in found if one.get("measured")]
    for other in timed[1:]:
        differ = differences(_circumstances(timed[0]), _circumstances(other))
        if differ:
            name, (one_value, other_value) = next(iter(differ.items()))
            raise DataError(
                "machines-differ",
                one=timed[0].get("file", timed[0]["network"]),
                other=other.get("file", other["network"]),
                name=name,
                left=one_value,
                right=other_value,
            )


def _circumstances(found: Found) -> dict[str, Any]:
    here = {**found["measured"]["machine"], "batch": found["measured"]["batch"]}
    if here["threads"] == 1:  # one thread waits for no other, so how it would wait moves nothing
        here |= {"omp_wait_policy": "any", "spin_count": "any"}
    return here


def _times_below(found: Found) -> dict[str, float]:
    """Module name -> milliseconds of all layers in it; empty where nothing was timed."""
    sums: dict[str, float] = {}
    for layer in found["layers"]:
        if "time_ms" in layer:
            parts = layer["name"].split(".") if layer["name"] else []
            for depth in range(len(parts) + 1):
                above = ".".join(parts[:depth])
                sums[above] = sums.get(above, 0.0) + layer["time_ms"]
    return sums

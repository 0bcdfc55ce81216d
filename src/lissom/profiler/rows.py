"""A profile as flat rows for tables, pictures and files."""

from collections.abc import Mapping, Sequence
from typing import Any

from lissom.plain import plain, to_json
from lissom.profiler.result import ProfileResult

Row = dict[str, Any]


def rows_of(results: Sequence[ProfileResult], kind: str) -> list[Row]:
    """Rows of a `kind`: networks, layers, modules or families; of several networks each row names its own."""
    if kind == "networks":
        return [network_row(one) for one in results]
    makers = {"layers": layer_rows, "modules": module_rows, "families": family_rows}
    rows = [(one.network, row) for one in results for row in makers[kind](one)]
    return [{"network": name, **row} for name, row in rows] if len(results) > 1 else [row for _, row in rows]


def chosen_kind(results: Sequence[ProfileResult], kind: str) -> str:
    """For "auto" the layers of one network, or several networks."""
    return kind if kind != "auto" else "layers" if len(results) == 1 else "networks"


def network_row(result: ProfileResult) -> Row:
    """One network's sums on one line; figures that were not measured or printed are None."""
    counted, printed, published = result.counted, result.printed, result.published
    times = result.measured.times if result.measured else None
    row = {
        "network": result.network,
        "resolution": result.resolution,
        **{key: getattr(counted, key) for key in ("parameters", "trainable", "macs", "activations", "memory_access")},
        **{key: getattr(counted, key) for key in ("bytes_read", "bytes_written", "peak_memory_bytes", "weight_bytes")},
        "printed_parameters": printed and printed.parameters,
        "parameters_difference": printed and printed.parameters_difference,
        "printed_macs": printed and printed.macs,
        "macs_difference": printed and printed.macs_difference,
        "latency_ms": times and times.latency.median_ms,
        "latency_p95_ms": times and times.latency.p95_ms,
        "cpu_ms": times and times.latency.cpu_ms,
        "device_ms": times and times.device_ms,
        "resident_bytes": times and times.resident_bytes,
        "device_bytes": times and times.device_bytes,
        "top1": published and published.top1,
    }
    return _where_frozen(row, result)


def layer_rows(result: ProfileResult) -> list[Row]:
    """The layers, each with its share of the MACs."""
    whole = max(1, result.counted.macs)
    rows = [{**layer.to_dict(), "macs_share": layer.cost.macs / whole} for layer in result.layers]
    return [_where_frozen(row, result) for row in rows]


def family_rows(result: ProfileResult) -> list[Row]:
    """The families of layers; those of which no layer was timed have no times."""
    timed = {layer.family for layer in result.layers if layer.point}
    untimed = {"time_ms": None, "time_share": None, "limit_ms": None}
    return [{**plain(one), **({} if one.family in timed else untimed)} for one in result.families]


def module_rows(result: ProfileResult) -> list[Row]:
    """The tree of modules that compute, names indented by depth, each with the sums of all that is below it."""
    whole, times, shares = max(1, result.counted.macs), _below(result, "time_ms"), _below(result, "time_share")
    rows = []
    for module in result.counted.modules:
        if module.module == "Identity":
            continue
        name, last = module.name, module.name.rpartition(".")[2] or result.network
        time = {"time_ms": times[name], "time_share": shares[name]} if name in times else {}
        rows.append({**plain(module), "path": name, "name": "  " * module.depth + last, **time})
        rows[-1]["macs_share"] = module.macs / whole
    return [_where_frozen(row, result) for row in rows]


def _where_frozen(row: Row, result: ProfileResult) -> Row:
    """Without a word on what is trainable where all is."""
    said = result.counted.trainable not in (None, result.counted.parameters)
    return row if said else {**row, "trainable": None}


def flat(row: Mapping[str, Any]) -> Row:
    """The row for CSV: shapes as 1x3x224x224, dictionaries as JSON."""

    def cell(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return "x".join(map(str, value))
        return to_json(value, indent=None) if isinstance(value, dict) else value

    return {key: cell(value) for key, value in row.items()}


def _below(result: ProfileResult, figure: str) -> dict[str, float]:
    """Module name -> the sum of a figure over all timed layers in it; empty where nothing was timed."""
    sums: dict[str, float] = {}
    for layer in result.layers:
        if layer.point:
            name = layer.cost.name
            parts = name.split(".") if name else []
            for depth in range(len(parts) + 1):
                above = ".".join(parts[:depth])
                sums[above] = sums.get(above, 0.0) + getattr(layer.point, figure)
    return sums

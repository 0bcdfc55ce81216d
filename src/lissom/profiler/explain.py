"""Why latency does not follow MACs, for this network on this machine: reasons with their figures, then in words.

Each reason is found from what was counted and measured, and left out where its figure is small.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lissom.messages import catalogue, language
from lissom.profiler.limits import Limits
from lissom.profiler.machine import BUSY, is_disturbed, waits_passively
from lissom.profiler.roofline import WITH_MACS, by_family, moved_bytes

SLOWER = 1.5  # share of time over share of MACs from which a family counts as slow
NOTICED = 0.08  # share of the time below which nothing is said
NOISY = 1.3  # 95th percentile over the median
SURPRISE = 1.25  # ratio of latencies over ratio of MACs from which two networks are explained
Reason = dict[str, Any]


def reasons(layers: Sequence[Mapping[str, Any]], measured: Mapping[str, Any], limits: Limits) -> list[Reason]:
    """Dictionaries of `kind` and figures, the most telling first. layers: as `roofline.placed` gives them."""
    families = by_family(layers)
    timed = [layer for layer in layers if "time_ms" in layer]
    found = [
        *_floor(timed, measured),
        *_memory_bound(timed, limits),
        *[_slow(row, measured["batch"], limits) for row in families if _is_slow(row)],
        *_without_macs(families),
        *_dispatch(timed, measured, limits),
        *_between(timed, measured),
        *_threads(measured),
        *_noise(measured),
    ]
    return found if any(reason["kind"] != "floor" for reason in found) else [*found, {"kind": "follows"}]


def sentence(reason: Mapping[str, Any], lang: str | None = None) -> str:
    """The reason in a language, `en` or `zh`; None: the reader's."""
    words = catalogue(lang or language())
    values = {key: _words(key, value, words) for key, value in reason.items() if key != "kind"}
    return words[f"why.{reason['kind']}"].format(**values)


def differences(rows: Sequence[Mapping[str, Any]]) -> list[Reason]:
    """Pairs of networks whose latencies are not as their MACs, the most surprising three.

    rows: `network`, `macs`, `latency_ms` of one image, `families` as `by_family` gives them.
    """
    pairs = [_pair(one, other) for i, one in enumerate(rows) for other in rows[i + 1 :]]
    told = [pair for pair in pairs if pair["surprise"] >= SURPRISE]
    return sorted(told, key=lambda pair: -pair["surprise"])[:3]


def _floor(timed: Sequence[Mapping[str, Any]], measured: Mapping[str, Any]) -> list[Reason]:
    limit_ms, latency_ms = sum(layer["limit_ms"] for layer in timed), measured["latency"]["median_ms"]
    compute_ms = sum(layer["compute_ms"] for layer in timed)
    return [{"kind": "floor", "compute_ms": compute_ms, "limit_ms": limit_ms, "latency_ms": latency_ms}]


def _memory_bound(timed: Sequence[Mapping[str, Any]], limits: Limits) -> list[Reason]:
    bound = [layer for layer in timed if layer["bound"] == "memory"]
    share = sum(layer["time_share"] for layer in bound)
    if share < NOTICED:
        return []
    macs, moved = sum(layer["macs"] for layer in bound), sum(moved_bytes(layer) for layer in bound)
    return [
        {
            "kind": "memory",
            "layers": len(bound),
            "of": len(timed),
            "macs_share": macs / max(1, sum(layer["macs"] for layer in timed)),
            "time_share": share,
            "intensity": macs / max(1, moved),
            "balance": limits.balance,
        }
    ]


def _is_slow(row: Mapping[str, Any]) -> bool:
    slow = row["time_share"] >= max(NOTICED, SLOWER * row["macs_share"])
    return slow and row["family"] in WITH_MACS


def _slow(row: Mapping[str, Any], batch: int, limits: Limits) -> Reason:
    speed = 1e3 * batch * row["macs"] / row["time_ms"]
    return {
        "kind": "slow",
        "family": row["family"],
        "macs_share": row["macs_share"],
        "time_share": row["time_share"],
        "speed": speed,
        "peak_share": speed / limits.macs_per_second,
        "intensity": row["macs"] / max(1, row["bytes"]),
    }


def _without_macs(families: Sequence[Mapping[str, Any]]) -> list[Reason]:
    rest = [row for row in families if row["family"] not in WITH_MACS and row["time_ms"]]
    share = sum(row["time_share"] for row in rest)
    if share < NOTICED:
        return []
    largest = sorted(rest, key=lambda row: -row["time_share"])[:3]
    parts = {row["family"]: row["time_share"] for row in largest if row["time_share"] >= 0.01}
    return [{"kind": "no-macs", "time_share": share, "time_ms": sum(row["time_ms"] for row in rest), "parts": parts}]


def _dispatch(timed: Sequence[Mapping[str, Any]], measured: Mapping[str, Any], limits: Limits) -> list[Reason]:
    """The least time that so many calls take, however little each has to do."""
    calls = sum(layer["calls"] for layer in timed)
    convolutions = sum(layer["calls"] for layer in timed if layer["family"] in WITH_MACS)
    least_us = convolutions * limits.convolution_us + (calls - convolutions) * limits.operator_us
    share = least_us / 1e3 / measured["latency"]["median_ms"]
    if share < NOTICED / 2:
        return []
    return [{"kind": "dispatch", "calls": calls, "time_ms": least_us / 1e3, "time_share": share}]


def _between(timed: Sequence[Mapping[str, Any]], measured: Mapping[str, Any]) -> list[Reason]:
    """Modules that hold others and compute nothing: Python between the layers."""
    spent = measured["layer_sum_ms"] - sum(layer["time_ms"] for layer in timed)
    share = spent / measured["layer_sum_ms"]
    return [{"kind": "between", "time_ms": spent, "time_share": share}] if share >= NOTICED else []


def _threads(measured: Mapping[str, Any]) -> list[Reason]:
    times, threads = measured["latency"], measured["machine"]["threads"]
    if waits_passively(measured["machine"]["omp_wait_policy"], threads):
        return [{"kind": "passive", "threads": threads}]
    busy = times["cpu_ms"] / (times["median_ms"] * threads)
    if is_disturbed(times, measured["machine"]):
        return [{"kind": "robbed", "cpu_ms": times["cpu_ms"], "latency_ms": times["median_ms"]}]
    on_cpu = measured["machine"]["device"] == "cpu"
    return [{"kind": "idle", "threads": threads, "share": busy}] if on_cpu and threads > 1 and busy < BUSY else []


def _noise(measured: Mapping[str, Any]) -> list[Reason]:
    spread = measured["latency"]["p95_ms"] / measured["latency"]["median_ms"]
    return [{"kind": "noise", "ratio": spread}] if spread >= NOISY else []


def _pair(one: Mapping[str, Any], other: Mapping[str, Any]) -> Reason:
    """Two networks, the one with fewer MACs first, and the family in which the times differ from what MACs promise."""
    light, heavy = sorted((one, other), key=lambda row: row["macs"])
    macs = heavy["macs"] / max(1, light["macs"])
    times = heavy["latency_ms"] / light["latency_ms"]
    promised = {row["family"]: row["time_ms"] / macs for row in heavy["families"]}
    excess = {row["family"]: row["time_ms"] - promised.get(row["family"], 0.0) for row in light["families"]}
    most = (max if times < macs else min)(excess, key=lambda name: excess[name])
    return {
        "kind": "pair" if times >= 1 else "pair-slower",
        "light": light["network"],
        "heavy": heavy["network"],
        "macs_ratio": macs,
        "times_ratio": times if times >= 1 else 1 / times,
        "family": most,
        "excess_ms": excess[most],
        "surprise": math.exp(abs(math.log(times / macs))),
    }


def _words(key: str, value: Any, words: Mapping[str, str]) -> str:
    if key == "family":
        return words[f"family.{value}"]
    if key == "parts":
        return words["why.comma"].join(
            f"{words[f'family.{name}']} {100 * share:.0f} %" for name, share in value.items()
        )
    if key == "speed":
        return f"{value / 1e9:.3g}"
    if key.endswith("share"):
        return f"{100 * value:.0f} %" if value >= 0.01 else f"{100 * value:.1g} %"
    return f"{value:.3g}" if isinstance(value, float) else str(value)

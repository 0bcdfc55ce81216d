"""Why latency does not follow MACs, for this network on this machine: reasons with their figures.

Each reason is found from what was counted and measured, and left out where its figure is small.
"""

import math
from collections.abc import Sequence

from lissom.profiler.figures import LayerCost
from lissom.profiler.layer_times import LayerTimes
from lissom.profiler.limits import Limits
from lissom.profiler.machine import BUSY, Machine, is_disturbed, waits_passively
from lissom.profiler.measured import Measurement
from lissom.profiler.reasons import Reason, reason
from lissom.profiler.result import ProfileResult
from lissom.profiler.roofline import WITH_MACS, FamilyCost, Layer, RooflinePoint, by_family, family, moved_bytes
from lissom.timing.harness import Latency

SLOWER = 1.5  # share of time over share of MACs from which a family counts as slow
NOTICED = 0.08  # share of the time below which nothing is said
NOISY = 1.3  # 95th percentile over the median
SURPRISE = 1.25  # ratio of latencies over ratio of MACs from which two networks are explained
Timed = Sequence[tuple[LayerCost, RooflinePoint]]


def reasons(layers: Sequence[Layer], measured: Measurement, limits: Limits) -> tuple[Reason, ...]:
    """Why this network's latency is what it is, the most telling first; nothing where no layer was timed."""
    if measured.layers is None:
        return ()
    families = by_family(layers)
    timed = [(layer.cost, layer.point) for layer in layers if layer.point]
    found = (
        _floor(timed, measured.latency),
        *_memory_bound(timed, limits),
        *[_slow(row, measured.batch, limits) for row in families if _is_slow(row)],
        *_without_macs(families),
        *_dispatch(timed, measured.latency, limits),
        *_between(timed, measured.layers),
        *_threads(measured.latency, measured.machine),
        *_noise(measured.latency),
    )
    return found if any(one.kind != "floor" for one in found) else (*found, reason("follows"))


def differences(results: Sequence[ProfileResult]) -> list[Reason]:
    """Pairs of networks whose latencies are not as their MACs, the most surprising three, of those timed by layer."""
    known = [one for one in results if one.measured and one.measured.times.layers]
    pairs = [_pair(one, other) for i, one in enumerate(known) for other in known[i + 1 :]]
    told = [pair for pair in pairs if pair.values["surprise"] >= SURPRISE]
    return sorted(told, key=lambda pair: -pair.values["surprise"])[:3]


def _floor(timed: Timed, latency: Latency) -> Reason:
    compute_ms, limit_ms = sum(at.compute_ms for _, at in timed), sum(at.limit_ms for _, at in timed)
    return reason("floor", compute_ms=compute_ms, limit_ms=limit_ms, latency_ms=latency.median_ms)


def _memory_bound(timed: Timed, limits: Limits) -> list[Reason]:
    bound = [(cost, at) for cost, at in timed if at.bound == "memory"]
    share = sum(at.time_share for _, at in bound)
    if share < NOTICED:
        return []
    macs, moved = sum(cost.macs for cost, _ in bound), sum(moved_bytes(cost) for cost, _ in bound)
    return [
        reason(
            "memory",
            layers=len(bound),
            of=len(timed),
            macs_share=macs / max(1, sum(cost.macs for cost, _ in timed)),
            time_share=share,
            intensity=macs / max(1, moved),
            balance=limits.balance,
        )
    ]


def _is_slow(row: FamilyCost) -> bool:
    return row.family in WITH_MACS and row.time_share >= max(NOTICED, SLOWER * row.macs_share)


def _slow(row: FamilyCost, batch: int, limits: Limits) -> Reason:
    speed = 1e3 * batch * row.macs / row.time_ms
    return reason(
        "slow",
        family=row.family,
        macs_share=row.macs_share,
        time_share=row.time_share,
        speed=speed,
        peak_share=speed / limits.macs_per_second,
        intensity=row.macs / max(1, row.bytes),
    )


def _without_macs(families: Sequence[FamilyCost]) -> list[Reason]:
    rest = [row for row in families if row.family not in WITH_MACS and row.time_ms]
    share = sum(row.time_share for row in rest)
    if share < NOTICED:
        return []
    largest = sorted(rest, key=lambda row: -row.time_share)[:3]
    parts = {row.family: row.time_share for row in largest if row.time_share >= 0.01}
    return [reason("no-macs", time_share=share, time_ms=sum(row.time_ms for row in rest), parts=parts)]


def _dispatch(timed: Timed, latency: Latency, limits: Limits) -> list[Reason]:
    """The least time that so many calls take, however little each has to do."""
    calls = sum(cost.calls for cost, _ in timed)
    convolutions = sum(cost.calls for cost, _ in timed if family(cost.kind) in WITH_MACS)
    least_us = convolutions * limits.convolution_us + (calls - convolutions) * limits.operator_us
    share = least_us / 1e3 / latency.median_ms
    return [reason("dispatch", calls=calls, time_ms=least_us / 1e3, time_share=share)] if share >= NOTICED / 2 else []


def _between(timed: Timed, times: LayerTimes) -> list[Reason]:
    """Modules that hold others and compute nothing: Python between the layers."""
    spent = times.sum_ms - sum(at.time_ms for _, at in timed)
    share = spent / (times.sum_ms or 1.0)
    return [reason("between", time_ms=spent, time_share=share)] if share >= NOTICED else []


def _threads(latency: Latency, here: Machine) -> list[Reason]:
    if waits_passively(here.omp_wait_policy, here.threads):
        return [reason("passive", threads=here.threads)]
    if is_disturbed(latency, here):
        return [reason("robbed", cpu_ms=latency.cpu_ms, latency_ms=latency.median_ms)]
    busy = latency.cpu_ms / (latency.median_ms * here.threads)
    idle = here.device == "cpu" and here.threads > 1 and busy < BUSY
    return [reason("idle", threads=here.threads, share=busy)] if idle else []


def _noise(latency: Latency) -> list[Reason]:
    ratio = latency.p95_ms / latency.median_ms
    return [reason("noise", ratio=ratio)] if ratio >= NOISY else []


def _pair(one: ProfileResult, other: ProfileResult) -> Reason:
    """Two networks, the one with fewer MACs first, and the family in which the times differ from what MACs promise."""
    light, heavy = sorted((one, other), key=lambda each: each.counted.macs)
    macs = heavy.counted.macs / max(1, light.counted.macs)
    times = _latency_ms(heavy) / _latency_ms(light)
    promised = {row.family: row.time_ms / macs for row in heavy.families}
    excess = {row.family: row.time_ms - promised.get(row.family, 0.0) for row in light.families}
    most = (max if times < macs else min)(excess, key=lambda name: excess[name])
    return reason(
        "pair" if times >= 1 else "pair-slower",
        light=light.network,
        heavy=heavy.network,
        macs_ratio=macs,
        times_ratio=times if times >= 1 else 1 / times,
        family=most,
        excess_ms=excess[most],
        surprise=math.exp(abs(math.log(times / macs))),
    )


def _latency_ms(result: ProfileResult) -> float:
    assert result.measured
    return result.measured.times.latency.median_ms

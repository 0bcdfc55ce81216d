"""Counts and times brought together: what bounds each layer on this machine, and how near to the bound it comes.

The model is that of Williams, Waterman and Patterson (Communications of the ACM 52/4, 2009): a layer takes at least
the time of its arithmetic at peak speed, and at least that of its bytes at full bandwidth.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from lissom.plain import plain
from lissom.profiler.figures import LayerCost
from lissom.profiler.layer_times import LayerTimes
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


@dataclass(frozen=True, kw_only=True)
class RooflinePoint:
    """What its time says of a layer, for a batch."""

    time_ms: float
    time_p05_ms: float
    time_p95_ms: float
    compute_ms: float  # the least that its arithmetic takes
    memory_ms: float  # the least that its bytes take
    limit_ms: float  # the larger of both
    bound: Literal["compute", "memory"]  # which of both that is
    # The share of the limit that was reached. It may exceed 1, as Winograd's and Strassen's ways need fewer
    # multiplications, and operators in a row share caches.
    fraction: float | None
    macs_per_second: float | None
    time_share: float  # of the whole network's


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer's cost, and its point where it was timed."""

    cost: LayerCost
    point: RooflinePoint | None = None

    @property
    def family(self) -> str:
        return family(self.cost.kind)

    @property
    def ran(self) -> bool:
        return self.cost.kind != "not run"

    @property
    def time_ms(self) -> float:
        """0 where it was not timed."""
        return self.point.time_ms if self.point else 0.0

    def to_dict(self) -> dict[str, Any]:
        """All of it on one level, for JSON and tables."""
        return {**plain(self.cost), "family": self.family, **(plain(self.point) if self.point else {})}


@dataclass(frozen=True, kw_only=True)
class FamilyCost:
    """The sums over the layers of one family that ran; times are 0 where nothing was timed."""

    family: str
    layers: int
    parameters: int
    macs: int
    bytes: int
    calls: int
    time_ms: float
    limit_ms: float
    macs_share: float = 0.0  # of the whole network's
    time_share: float = 0.0


def family(kind: str) -> str:
    """The family of a layer's kind: "depthwise 3x3" is depthwise."""
    first = kind.split(" ")[0]
    same = {"transposed": "conv", "attention": "matmul", "se": "elementwise"}
    found = same.get(first, first)
    return found if found in FAMILIES else "other"


def moved_bytes(cost: LayerCost, batch: int = 1) -> int:
    """Bytes read and written for a batch; the weights are read once, whatever its size."""
    once = cost.bytes_read + cost.bytes_written
    return batch * once - (batch - 1) * min(FLOAT_BYTES * cost.parameters, cost.bytes_read)


def points(layers: Iterable[LayerCost], times: LayerTimes, limits: Limits, batch: int = 1) -> dict[str, RooflinePoint]:
    """Layer name -> its point, of the layers that ran and were timed."""
    return {cost.name: point(cost, times, limits, batch) for cost in layers if cost.name in times.by_name}


def point(cost: LayerCost, times: LayerTimes, limits: Limits, batch: int = 1) -> RooflinePoint:
    """Where a layer that was timed stands."""
    moved, time_ms, timing = moved_bytes(cost, batch), times.time_ms(cost.name), times.by_name[cost.name]
    compute_ms = 1e3 * batch * cost.macs / limits.macs_per_second
    memory_ms = 1e3 * moved / limits.bandwidth(moved)
    limit_ms = max(compute_ms, memory_ms)
    return RooflinePoint(
        time_ms=time_ms,
        time_p05_ms=timing.p05_ms,
        time_p95_ms=timing.p95_ms,
        compute_ms=compute_ms,
        memory_ms=memory_ms,
        limit_ms=limit_ms,
        bound="compute" if compute_ms > memory_ms else "memory",
        fraction=limit_ms / time_ms if time_ms else None,
        macs_per_second=1e3 * batch * cost.macs / time_ms if time_ms else None,
        time_share=time_ms / (times.sum_ms or 1.0),
    )


def by_family(layers: Iterable[Layer]) -> tuple[FamilyCost, ...]:
    """The families that have layers which ran, in the order of `FAMILIES`."""
    ran = [layer for layer in layers if layer.ran]
    members = {name: [layer for layer in ran if layer.family == name] for name in FAMILIES}
    sums = [_sums(name, found) for name, found in members.items() if found]
    macs = sum(row.macs for row in sums) or 1
    return tuple(replace(row, macs_share=row.macs / macs) for row in sums)


def _sums(name: str, layers: Sequence[Layer]) -> FamilyCost:
    return FamilyCost(
        family=name,
        layers=len(layers),
        parameters=sum(layer.cost.parameters for layer in layers),
        macs=sum(layer.cost.macs for layer in layers),
        bytes=sum(moved_bytes(layer.cost) for layer in layers),
        calls=sum(layer.cost.calls for layer in layers),
        time_ms=sum(layer.time_ms for layer in layers),
        limit_ms=sum(layer.point.limit_ms if layer.point else 0.0 for layer in layers),
        time_share=sum(layer.point.time_share if layer.point else 0.0 for layer in layers),
    )

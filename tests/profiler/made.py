"""Results of networks that no test has to count or time."""

from dataclasses import replace
from typing import Any

import pytest

from lissom.profiler import measured
from lissom.profiler.figures import LayerCost, ModuleCost, Profile
from lissom.profiler.layer_times import HookCost, LayerTime, LayerTimes
from lissom.profiler.limits import Limits
from lissom.profiler.machine import Machine
from lissom.profiler.measured import Measurement
from lissom.profiler.result import Measured, ProfileResult
from lissom.profiler.roofline import points
from lissom.timing.harness import Latency

MACHINE = Machine(
    id="", cpu="Z80", cores=1, memory_gb=None, system="CP/M", torch="2", device="cpu", threads=1,
    omp_wait_policy="unset", spin_count="unset",
)  # fmt: skip
LIMITS = Limits(macs_per_second=1e11, bandwidths=((10**6, 1e11), (10**9, 1e10)), operator_us=1, convolution_us=3)


class Ticks:
    """A clock whose every mark is a millisecond after the last."""

    now = 0.0

    def mark(self) -> float:
        self.now += 1
        return self.now

    def settle(self) -> None:
        pass

    def elapsed_ms(self, start: float, end: float) -> float:
        return end - start


def tick(patch: pytest.MonkeyPatch) -> None:
    """Each module takes a millisecond of its own, however busy the machine is."""
    patch.setattr(measured, "clock_for", lambda device: Ticks())
    patch.setattr(measured, "hook_cost", lambda clock: HookCost(0.0, 1.0))


def layer(name: str, kind: str, *, macs: int = 0, moved: int = 10**7, parameters: int = 0) -> LayerCost:
    """A layer that reads three quarters of the bytes that it moves."""
    read, written = moved * 3 // 4, moved // 4
    return LayerCost(
        name=name, kind=kind, module="Layer", depth=name.count(".") + 1, calls=1, input_shape=(1, 8, 4, 4),
        output_shape=(1, 8, 4, 4), parameters=parameters, macs=macs, other={}, activations=0, memory_access=7,
        bytes_read=read, bytes_written=written, intensity=macs / max(1, moved), receptive_field=(3, 3),
    )  # fmt: skip


def module(name: str, layers: list[LayerCost]) -> ModuleCost:
    """The sums of the layers that are it or lie below it."""
    below = [each for each in layers if not name or each.name == name or each.name.startswith(name + ".")]
    sums: Any = {
        key: sum(getattr(each, key) for each in below)
        for key in ("parameters", "macs", "activations", "memory_access", "bytes_read", "bytes_written")
    }
    return ModuleCost(name=name, module="Block", depth=name.count(".") + bool(name), other={}, **sums)


def took(ms: float) -> LayerTime:
    return LayerTime(median_ms=ms, p05_ms=ms * 0.9, p95_ms=ms * 1.2, calls=1)


def times(of: dict[str, float]) -> LayerTimes:
    """Layer name -> milliseconds."""
    by_name = {name: took(ms) for name, ms in of.items()}
    return LayerTimes(statistic="median", sum_ms=sum(of.values()), hook_us=0.5, by_name=by_name)


def measurement(
    ms: float, layers: LayerTimes | None, *, cpu_ms: float | None = None, p95: float | None = None, **machine: Any
) -> Measurement:
    """A forward of `ms`; machine: what is another there."""
    here = replace(MACHINE, **machine)
    latency = Latency(
        median_ms=ms, p05_ms=ms, p25_ms=ms, p75_ms=ms, p95_ms=p95 or ms, cpu_ms=cpu_ms or ms, n=5,
        threads=here.threads, omp_wait_policy=here.omp_wait_policy,
    )  # fmt: skip
    return Measurement(machine=here, batch=1, warmup=1, latency=latency, layers=layers)


def result(
    network: str, layers: list[LayerCost], took_ms: dict[str, float] | None = None, *, limits: Limits = LIMITS
) -> ProfileResult:
    """Counted, and where each layer's milliseconds are given measured."""
    names = dict.fromkeys(["", *(name for each in layers for name in _above(each.name))])
    modules = [module(name, layers) for name in names]
    whole = modules[0]
    counted = Profile(
        parameters=whole.parameters, macs=whole.macs, other={"norm": 4}, activations=1, memory_access=9,
        bytes_read=whole.bytes_read, bytes_written=whole.bytes_written, peak_memory_bytes=99, weight_bytes=100,
        receptive_field=(7, 7), input_shape=(1, 3, 8, 8), input_shapes=((1, 3, 8, 8),), convention="MACs only",
        layers=tuple(layers), modules=tuple(modules), unknown=(),
    )  # fmt: skip
    found = ProfileResult(network=network, resolution=8, in_channels=3, published=None, printed=None, counted=counted)
    if took_ms is None:
        return found
    taken = measurement(sum(took_ms.values()), times(took_ms))
    assert taken.layers
    at = points(layers, taken.layers, limits)
    return replace(found, measured=Measured(times=taken, limits=limits, points=at))


def _above(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: number + 1]) for number in range(len(parts))]

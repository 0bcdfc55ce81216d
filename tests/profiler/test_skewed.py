"""Medians of times that are not symmetrical, and modules that run twice: what a mean or a single call would hide."""

import statistics
from typing import Any

import pytest
import torch
from torch import nn

from lissom.profiler import count
from lissom.profiler import measured as room
from lissom.profiler.layer_times import END, HookCost, Recorder, hook_cost
from lissom.profiler.measured import Measuring
from lissom.profiler.memory import weight_bytes
from lissom.timing import harness
from lissom.timing.harness import latency

SKEWED = [1.0, 1.5, 2.0, 4.0, 31.5]  # median 2, mean 8
FLOAT = 4  # bytes


def test_the_latency_of_a_network_is_a_median(monkeypatch: pytest.MonkeyPatch) -> None:
    now, times = [0.0], iter(SKEWED)

    def work() -> None:
        now[0] += next(times) / 1e3

    monkeypatch.setattr(harness.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(harness.time, "process_time", lambda: now[0])
    found = latency({"net": work}, repeats=5, warmup=0)["net"]
    assert (found.median_ms, found.cpu_ms) == (pytest.approx(2), pytest.approx(8))
    expected = statistics.quantiles(SKEWED, n=20, method="inclusive")
    bounds = [found.p05_ms, found.p25_ms, found.p75_ms, found.p95_ms]
    assert bounds == pytest.approx([expected[k] for k in (0, 4, 14, 18)])


class Jumps:
    """A clock whose marks are `SKEWED` milliseconds apart within each forward, one length for each."""

    def __init__(self, steps: list[float]) -> None:
        self.steps, self.now = steps, 0.0
        self.forward = 0

    def mark(self) -> float:
        self.now += self.steps[self.forward % len(self.steps)]
        return self.now

    def settle(self) -> None:
        self.forward += 1

    def elapsed_ms(self, start: float, end: float) -> float:
        return end - start


def test_the_time_of_a_layer_is_a_median_over_its_forwards() -> None:
    recorder = Recorder(nn.Sequential(nn.Identity()), Jumps(SKEWED))
    for _ in SKEWED:
        recorder(None)
    time = recorder.times(HookCost(0.0, 0.0))["0"]
    expected = statistics.quantiles(SKEWED, n=20, method="inclusive")
    assert (time.median_ms, time.calls) == (pytest.approx(2), 1)
    assert (time.p05_ms, time.p95_ms) == pytest.approx((expected[0], expected[18]))


def test_the_forwards_that_warm_up_are_left_out() -> None:
    recorder = Recorder(nn.Sequential(nn.Identity()), Jumps([100.0, 100.0, 3.0, 3.0, 3.0]))
    for _ in range(5):
        recorder(None)
    assert recorder.times(HookCost(0.0, 0.0), skip=2)["0"].p95_ms == 3


def test_the_hooks_cost_is_a_median_of_its_rounds() -> None:
    """Bare chains take nothing more than hooked ones here; a mark costs 1 ms, in one round of five 96."""
    cost = hook_cost(Jumps([1.0, 1.0, 1.0, 1.0, 96.0]))
    assert cost.inside_ms == 1


def test_on_a_gpu_the_time_is_a_median(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 4096)
    how, clock = Measuring(repeats=5, memory=False), Jumps(SKEWED)
    found = room._on_gpu(nn.Identity(), ([torch.ones(1)], {}), how, torch.device("cuda"), clock)
    assert found == {"device_ms": pytest.approx(2), "device_bytes": 4096}


def test_tensors_that_share_a_storage_weigh_once() -> None:
    whole = torch.zeros(6, 4)
    assert weight_bytes([whole, whole[:3], nn.Parameter(whole.view(24)), torch.zeros(2)]) == FLOAT * (24 + 2)


class Twice(nn.Module):
    """One layer of a bias, called twice, and a map of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(self.layer(x)) + x


def test_a_module_that_runs_twice_moves_its_bytes_twice() -> None:
    """Each call reads its map and the weights and writes its map; the sum reads two maps and writes one."""
    counted = count(Twice(), input_shape=(4,))
    rows: dict[str, Any] = {layer.name: layer for layer in counted.layers}
    layer = rows["layer"]
    assert (layer.calls, layer.macs, layer.other, layer.parameters) == (2, 2 * 16, {"bias": 2 * 4}, 20)
    assert (layer.activations, layer.memory_access) == (2 * 4, 2 * (4 + 20 + 4))
    assert (layer.bytes_read, layer.bytes_written) == (FLOAT * 2 * (4 + 20), FLOAT * 2 * 4)
    assert counted.memory_access == 2 * 28 + 3 * 4
    assert counted.bytes_read + counted.bytes_written == FLOAT * counted.memory_access
    whole = next(module for module in counted.modules if module.name == "")
    assert (whole.memory_access, whole.macs) == (counted.memory_access, counted.macs)
    assert counted.weight_bytes == FLOAT * 20


def test_marks_of_two_calls_are_of_one_module() -> None:
    recorder = Recorder(Twice(), Jumps([1.0]))
    recorder(torch.ones(1, 4))
    assert [number for number, _ in recorder.forwards[0] if number != END] == [0, 1, 1]
    assert recorder.times(HookCost(0.0, 0.0))["layer"].calls == 2


class Outer(nn.Module):
    """Computes with weights of its own, and with a part."""

    def __init__(self) -> None:
        super().__init__()
        self.own, self.part = nn.Parameter(torch.ones(6, 4)), nn.Linear(6, 5, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.part(x @ self.own.t())


def test_a_modules_sums_have_what_it_computes_itself() -> None:
    found = {module.name: module for module in count(nn.Sequential(Outer()), input_shape=(4,)).modules}
    assert (found["0.part"].macs, found["0.part"].parameters) == (6 * 5, 6 * 5)
    assert (found["0"].macs, found["0"].parameters) == (6 * 4 + 6 * 5, 6 * 4 + 6 * 5)
    assert found[""].macs == found["0"].macs

"""Exclusive times add up to the whole, the hooks' own cost is taken off, and the network itself stays untouched."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from lissom.profiler.clocks import EventClock, WallClock, clock_for
from lissom.profiler.layer_times import END, HookCost, Recorder, exclusive, hook_cost, layer_times
from profiler.made import took

FREE = HookCost(0.0, 0.0)


def minus(start: float, end: float) -> float:
    return end - start


class Still:
    """A clock that only `pass_ms` moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def pass_ms(self, ms: float) -> None:
        self.now += ms

    def mark(self) -> float:
        return self.now

    def settle(self) -> None:
        pass

    def elapsed_ms(self, start: float, end: float) -> float:
        return end - start


class Takes(nn.Module):
    """Takes so long, then does what it holds."""

    def __init__(self, clock: Still, ms: float, *held: nn.Module) -> None:
        super().__init__()
        self.spend: Callable[[float], None] = clock.pass_ms
        self.ms = ms
        self.held = nn.ModuleList(held)

    def forward(self, x: Any) -> Any:
        self.spend(self.ms)
        for module in self.held:
            x = module(x)
        return x

    def __deepcopy__(self, memo: dict[int, Any]) -> "Takes":
        twin = Takes.__new__(Takes)
        nn.Module.__init__(twin)
        twin.spend, twin.ms = self.spend, self.ms
        twin.held = nn.ModuleList(memo.setdefault(id(module), module.__deepcopy__(memo)) for module in self.held)
        return twin


def test_a_parent_has_its_time_less_that_of_its_children() -> None:
    marks = [(0, 0.0), (1, 1.0), (END, 4.0), (2, 5.0), (END, 9.0), (END, 10.0)]
    assert exclusive(marks, minus, FREE) == {1: (3.0, 1), 2: (4.0, 1), 0: (10.0 - 3 - 4, 1)}


def test_the_hooks_cost_is_taken_off_the_module_and_off_its_parent() -> None:
    marks = [(0, 0.0), (1, 1.0), (END, 4.0), (END, 10.0)]
    found = exclusive(marks, minus, HookCost(inside_ms=0.25, outside_ms=0.5))
    assert found[1][0] == 3 - 0.25
    assert found[0][0] == 10 - 3 - 0.5 - 0.25


def test_a_time_below_the_hooks_cost_is_zero_and_not_negative() -> None:
    assert exclusive([(0, 0.0), (END, 0.1)], minus, HookCost(0.25, 0.0)) == {0: (0.0, 1)}


def test_modules_called_twice_are_summed() -> None:
    marks = [(0, 0.0), (1, 0.0), (END, 2.0), (1, 2.0), (END, 5.0), (END, 5.0)]
    assert exclusive(marks, minus, FREE)[1] == (5.0, 2)


def test_the_sum_of_all_exclusive_times_is_the_whole() -> None:
    clock = Still()
    model = Takes(clock, 1, Takes(clock, 2), Takes(clock, 3, Takes(clock, 4)))
    recorder = Recorder(model, clock)
    for _ in range(3):
        recorder(None)
    times = recorder.times(FREE, skip=1)
    assert {name: time.median_ms for name, time in times.items() if time.median_ms} == {
        "": 1, "held.0": 2, "held.1": 3, "held.1.held.0": 4,
    }  # fmt: skip
    assert sum(time.median_ms for time in times.values()) == 1 + 2 + 3 + 4


def test_the_network_itself_keeps_its_hooks_and_gets_none() -> None:
    model = nn.Sequential(nn.Linear(4, 4))
    seen: list[int] = []
    model[0].register_forward_hook(lambda *_: seen.append(1))
    recorder = Recorder(model, WallClock())
    recorder(torch.ones(1, 4))
    assert seen == []
    assert len(model._forward_pre_hooks) == 0
    twin = recorder.model.get_parameter("0.weight")
    assert twin.data_ptr() == model[0].weight.data_ptr()  # no second copy of the weights


@pytest.mark.parametrize("most", [float("inf"), pytest.param(0.1, marks=pytest.mark.slow)])
def test_the_hooks_cost_is_measured_small_and_positive(most: float) -> None:
    cost = hook_cost(WallClock())
    assert 0 < cost.inside_ms < most
    assert 0 <= cost.outside_ms < most
    assert cost.whole_ms == cost.inside_ms + cost.outside_ms


def test_a_cpu_has_a_wall_clock() -> None:
    assert isinstance(clock_for(torch.device("cpu")), WallClock)


class FakeEvent:
    """A GPU's event: it has a time only once the queue has reached it."""

    queue_ms = 0.0
    settled = False

    def __init__(self, *, enable_timing: bool) -> None:
        assert enable_timing

    def record(self, stream: str) -> None:
        assert stream == "stream of cuda:0"
        FakeEvent.queue_ms += 2.5
        self.at = FakeEvent.queue_ms

    def elapsed_time(self, other: "FakeEvent") -> float:
        assert FakeEvent.settled, "read before the queue was done"
        return other.at - self.at


def test_on_a_gpu_times_are_read_from_events_after_the_queue_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "Event", FakeEvent)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: f"stream of {device}")
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: setattr(FakeEvent, "settled", True))
    clock = clock_for(torch.device("cuda:0"))
    assert isinstance(clock, EventClock)
    recorder = Recorder(nn.Sequential(nn.Identity(), nn.Identity()), clock)
    recorder(None)
    # marks of the whole, of both layers, and of the end, 2.5 ms apart
    times = recorder.times(FREE)
    assert {name: time.median_ms for name, time in times.items()} == {"0": 2.5, "1": 2.5, "": 5 * 2.5 - 2 * 2.5}


@pytest.mark.parametrize(("disturbed", "statistic", "sum_ms"), [(False, "median", 30), (True, "p05", 27)])
def test_on_a_disturbed_machine_the_fifth_percentile_stands_for_a_layer(
    disturbed: bool, statistic: str, sum_ms: float
) -> None:
    found = layer_times({"a": took(10), "b": took(20)}, HookCost(0.001, 0.002), disturbed=disturbed)
    assert (found.statistic, found.sum_ms, found.hook_us) == (statistic, pytest.approx(sum_ms), pytest.approx(3))
    assert found.time_ms("b") == pytest.approx(sum_ms * 2 / 3)

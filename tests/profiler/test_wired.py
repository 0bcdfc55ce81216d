"""What a measurement hands on: forwards without hooks, layers after the warm-up, the batch, the machine's limits."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from lissom.errors import DataError
from lissom.models.resolve import ModelRequest
from lissom.profiler import count, profiling
from lissom.profiler import limits as machine_limits
from lissom.profiler import measured as room
from lissom.profiler.explain import reasons
from lissom.profiler.layer_times import HookCost, Recorder
from lissom.profiler.measured import Measuring, Subject, measure
from lissom.profiler.roofline import Layer, points
from lissom.profiler.saved import require_one_machine
from profiler.made import LIMITS, layer, measurement, result, times

CPU = torch.device("cpu")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the harness found, and how many forwards of the layers were left out."""
    found: dict[str, Any] = {}
    latency, times = room.latency, Recorder.times

    def timed(*args: Any, **how: Any) -> Any:
        found["latency"] = latency(*args, **how)
        return found["latency"]

    def read(self: Recorder, cost: HookCost, *, skip: int = 0) -> Any:
        found.update(skip=skip, forwards=len(self.forwards))
        return times(self, cost, skip=skip)

    monkeypatch.setattr(room, "latency", timed)
    monkeypatch.setattr(Recorder, "times", read)
    monkeypatch.setattr(room, "hook_cost", lambda clock: HookCost(0.0, 0.0))
    return found


@pytest.mark.parametrize("disturbed", [True, False])
def test_a_network_is_judged_without_hooks_and_its_layers_after_the_warm_up(
    heard: dict[str, Any], disturbed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(room, "is_disturbed", lambda latency, here: asked.append(latency) or disturbed)
    subject = Subject(model=nn.Sequential(nn.Linear(4, 4)), inputs=[torch.empty(1, 4, device="meta")])
    found = measure({"net": subject}, Measuring(repeats=5, warmup=3, memory=False))["net"]
    assert found.latency is heard["latency"]["net"]
    assert asked == [found.latency]
    assert (heard["skip"], heard["forwards"]) == (3, 8)
    assert found.layers
    assert found.layers.statistic == ("p05" if disturbed else "median")


def test_the_points_are_of_the_batch(heard: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiling, "limits", lambda device, refresh: LIMITS)
    model = nn.Sequential(nn.Conv2d(3, 4, 1))
    (found,) = profiling.profile_models(
        [ModelRequest(model=model, input_shapes=((3, 8, 8),))], measuring=Measuring(repeats=2, batch=4, memory=False)
    )
    assert found.measured
    times = found.measured.times
    assert (times.batch, times.layers is None) == (4, False)
    assert times.layers
    assert found.measured.points == points(found.counted.layers, times.layers, LIMITS, 4)
    assert found.measured.points["0"].compute_ms == pytest.approx(1e3 * 4 * (64 * 12) / LIMITS.macs_per_second)


def test_a_machine_s_speeds_are_counts_by_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """s³ MACs of a product of matrices; three arrays of 4 bytes; one operator of a hundred."""
    monkeypatch.setattr(machine_limits, "_best", lambda call, device: 0.5)
    assert machine_limits._matrix_speed(16, CPU) == 16**3 / 0.5
    assert machine_limits._triad_speed(3 * 4 * 100, CPU) == 3 * 4 * 100 / 0.5
    assert machine_limits._operator_seconds(CPU) == machine_limits._convolution_seconds(CPU) == 0.5 / 100


def test_a_limit_is_the_fastest_of_several_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    now, durations = [0.0], iter([9.0, 3.0, 1.0, 2.0, 5.0])
    monkeypatch.setattr(machine_limits.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(machine_limits, "SECONDS", 0.0)

    def call() -> None:
        now[0] += next(durations)

    assert machine_limits._best(call, CPU) == 1.0
    assert next(durations) == 5.0  # one to warm up, and three


def test_each_module_of_the_tree_sums_itself_and_what_lies_below() -> None:
    inner = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    found = {row.name: row for row in count(nn.Sequential(inner, nn.Linear(4, 2)), input_shape=(4,)).modules}
    assert {name: (row.macs, row.parameters) for name, row in found.items()} == {
        "": (24, 30), "0": (16, 20), "0.0": (16, 20), "0.1": (0, 0), "1": (8, 10),
    }  # fmt: skip
    assert found["0"].other == {"bias": 4, "activation": 4}
    assert replace(found["0.0"], name="") != found[""]


def test_reasons_are_given_for_the_batch() -> None:
    """Eight images of 10^6 MACs in 10 ms: 8 x 10^8 each second."""
    costs = [layer("a", "depthwise 3x3", macs=10**6, moved=10**4), layer("b", "pointwise", macs=10**9, moved=10**4)]
    taken = replace(measurement(30, times({"a": 10, "b": 20})), batch=8)
    assert taken.layers
    found = points(costs, taken.layers, LIMITS, 8)
    why = reasons([Layer(cost=cost, point=found[cost.name]) for cost in costs], taken, LIMITS)
    (slow,) = [reason for reason in why if reason.kind == "slow"]
    assert (slow.values["family"], slow.values["speed"]) == ("depthwise", pytest.approx(8e8))


def test_times_of_other_batches_do_not_compare() -> None:
    one = result("one", [layer("a", "norm")], {"a": 1.0})
    assert one.measured
    other = replace(one, network="other")
    require_one_machine([one, other])
    of_four = replace(one.measured, times=replace(one.measured.times, batch=4))
    with pytest.raises(DataError, match="batch"):
        require_one_machine([one, replace(other, measured=of_four)])

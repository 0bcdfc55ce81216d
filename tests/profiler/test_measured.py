"""Times and memory of real networks: what is recorded, that layers add up, that nothing of the network changes."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from lissom.errors import UsageError
from lissom.profiler import measured as room
from lissom.profiler.measured import Measuring, Subject, measure
from lissom.profiler.resident import resident
from profiler.made import measurement, tick, times

BRIEF = Measuring(repeats=6, warmup=1, memory=False)


def of(*shape: int) -> torch.Tensor:
    return torch.empty(1, *shape, device="meta")


def subject(channels: int = 8) -> Subject:
    layers = [nn.Conv2d(3, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, 4, 1)]
    return Subject(model=nn.Sequential(*layers), inputs=[of(3, 64, 64)])


def test_each_network_has_times_threads_policy_and_a_fingerprint() -> None:
    found = measure({"one": subject(), "other": subject(16)}, BRIEF)
    assert list(found) == ["one", "other"]
    for row in found.values():
        assert row.latency.n == 6
        assert 0 < row.latency.p05_ms <= row.latency.median_ms <= row.latency.p95_ms
        assert row.latency.cpu_ms > 0
        assert row.latency.threads == row.machine.threads == 1
        assert row.latency.omp_wait_policy == row.machine.omp_wait_policy
        assert row.batch == 1


def wide() -> Subject:
    return Subject(model=nn.Sequential(*[nn.Conv2d(32, 32, 3, padding=1) for _ in range(6)]), inputs=[of(32, 56, 56)])


def test_each_layer_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tick(monkeypatch)
    layers = measure({"net": wide()}, BRIEF)["net"].layers
    assert layers
    assert {name: layers.time_ms(name) for name in layers.by_name} == {"": 1, **{str(k): 1 for k in range(6)}}
    assert (layers.sum_ms, layers.hook_us) == (7, 1000)


@pytest.mark.slow
def test_the_sum_of_the_layers_times_is_near_the_whole() -> None:
    row = measure({"net": wide()}, Measuring(repeats=15, memory=False))["net"]
    layers = row.layers
    assert layers
    assert set(layers.by_name) == {"", *map(str, range(6))}
    assert layers.sum_ms == pytest.approx(sum(map(layers.time_ms, layers.by_name)))
    # Wide, as tests share the machine; that the sum is exact is shown with a clock that stands still.
    assert 0.4 * row.latency.cpu_ms < layers.sum_ms < 1.5 * row.latency.p95_ms
    assert 0 < layers.hook_us < 100


def test_the_batch_is_what_is_timed() -> None:
    seen: list[tuple[int, ...]] = []

    class Sees(nn.Module):
        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            seen.append((*x.shape, *y.shape))
            return x

    measure({"net": Subject(model=Sees(), inputs=[of(3, 8, 8), of(10)])}, Measuring(repeats=2, batch=4, memory=False))
    assert set(seen) == {(4, 3, 8, 8, 4, 10)}


def test_a_network_in_training_is_timed_in_eval_mode_and_trains_on() -> None:
    net = subject()
    norm = net.model[1]  # type: ignore[index]
    net.model.train()
    before = norm.running_mean.clone()
    measure({"net": net}, BRIEF)
    assert net.model.training
    assert norm.training
    assert torch.equal(norm.running_mean, before)
    net.model(torch.ones(2, 3, 64, 64)).sum().backward()  # its tensors are no inference tensors


def test_peak_memory_holds_at_least_the_weights_and_the_largest_map() -> None:
    weights = 4 * 2048 * 4096
    found = resident(nn.Sequential(nn.Linear(2048, 4096, bias=False)), [torch.ones(1, 2048)], threads=1)
    assert found["reason"] is None
    assert weights <= found["bytes"] < 3 * weights + 20e6


def test_a_network_that_no_other_process_can_load_has_no_peak_but_a_reason() -> None:
    class Local(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    found = resident(Local(), [torch.ones(1)], threads=1)
    assert found["bytes"] is None
    assert "Local" in found["reason"]


@pytest.mark.parametrize("setting", [{"threads": 0}, {"batch": 0}, {"repeats": 1}, {"warmup": -1}])
def test_settings_out_of_range_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=str(next(iter(setting.values())))):
        Measuring(**setting)


def test_on_a_gpu_its_own_time_and_memory_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ticks:
        now = 0.0

        def mark(self) -> float:
            Ticks.now += 3
            return Ticks.now

        def settle(self) -> None:
            pass

        def elapsed_ms(self, start: float, end: float) -> float:
            return end - start

    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 4096)
    found = room._on_gpu(nn.Identity(), ([torch.ones(1)], {}), BRIEF, torch.device("cuda"), Ticks())
    assert found == {"device_ms": 3, "device_bytes": 4096}


def test_the_figures_of_a_gpu_stand_in_the_file_only_where_there_is_one() -> None:
    on_cpu = measurement(5, times({"a": 5}))
    assert list(on_cpu.to_dict()) == [
        "machine", "batch", "warmup", "latency", "layer_statistic", "layer_sum_ms", "hook_us",
        "resident_bytes", "resident_reason",
    ]  # fmt: skip
    on_gpu = replace(on_cpu, layers=None, device_ms=3.0, device_bytes=4096).to_dict()
    assert list(on_gpu)[4:] == ["device_ms", "device_bytes", "resident_bytes", "resident_reason"]


def test_without_the_layers_none_is_timed() -> None:
    assert measure({"one": subject()}, replace(BRIEF, layers=False))["one"].layers is None

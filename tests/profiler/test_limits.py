"""The machine's limits: measured once, kept, and read by size."""

import json
from pathlib import Path

import pytest
import torch

from lissom.profiler import limits as room
from lissom.profiler.limits import Limits, from_dict, limits

CPU = torch.device("cpu")
LIMITS = Limits(
    macs_per_second=8e10, bandwidths=((1000, 4e10), (8000, 2e10), (64000, 1e10)), operator_us=1, convolution_us=3
)


@pytest.mark.parametrize(
    ("moved", "speed"), [(1, 4e10), (1000, 4e10), (1001, 2e10), (64000, 1e10), (10**9, 1e10)]
)  # fmt: skip
def test_bandwidth_is_that_of_the_next_larger_size(moved: int, speed: float) -> None:
    assert LIMITS.bandwidth(moved) == speed


def test_the_balance_is_macs_for_each_byte_from_main_memory() -> None:
    assert LIMITS.balance == 8e10 / 1e10


def test_they_survive_json() -> None:
    assert from_dict(json.loads(json.dumps(LIMITS.to_dict()))) == LIMITS


def test_measured_once_then_kept_and_anew_if_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []
    monkeypatch.setattr(room, "measure_limits", lambda device: measured.append(1) or LIMITS)
    for _ in range(2):
        assert limits(CPU, cache_dir=str(tmp_path)) == LIMITS
    assert len(measured) == 1
    limits(CPU, cache_dir=str(tmp_path), refresh=True)
    assert len(measured) == 2
    (kept,) = (tmp_path / "limits").glob("*.json")
    kept.write_text("{")
    assert limits(CPU, cache_dir=str(tmp_path)) == LIMITS
    assert len(measured) == 3


def test_measured_again_the_better_of_both_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = Limits(
        macs_per_second=2e10, bandwidths=((1000, 5e10), (8000, 1e10), (64000, 1e9)), operator_us=0.5, convolution_us=9
    )
    measured = iter([LIMITS, busy])
    monkeypatch.setattr(room, "measure_limits", lambda device: next(measured))
    limits(CPU, cache_dir=str(tmp_path))
    best = limits(CPU, cache_dir=str(tmp_path), refresh=True)
    assert best.macs_per_second == 8e10
    assert best.bandwidths == ((1000, 5e10), (8000, 2e10), (64000, 1e10))
    assert (best.operator_us, best.convolution_us) == (0.5, 3)


def test_another_thread_count_is_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "measure_limits", lambda device: LIMITS)
    limits(CPU, cache_dir=str(tmp_path))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    limits(CPU, cache_dir=str(tmp_path))
    assert len(list((tmp_path / "limits").glob("*.json"))) == 2


def test_a_cache_that_cannot_be_written_costs_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "measure_limits", lambda device: LIMITS)
    (tmp_path / "limits").write_text("a file where the folder should be")
    assert limits(CPU, cache_dir=str(tmp_path)) == LIMITS


def test_measuring_gives_speeds_that_a_computer_of_this_century_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SECONDS", 0.01)
    monkeypatch.setattr(room, "MATRIX_SIDES", {"cpu": (256,), "other": ()})
    monkeypatch.setattr(room, "TRIAD_BYTES", (3 * 2**18, 3 * 2**22))
    found = room.measure_limits(CPU)
    assert 1e8 < found.macs_per_second < 1e14
    assert all(1e8 < speed < 1e13 for _, speed in found.bandwidths)
    assert 0.01 < found.operator_us < 1000
    assert found.operator_us < found.convolution_us < 10_000

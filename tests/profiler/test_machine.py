"""A fingerprint holds everything that was seen to move a latency, and says in what two of them differ."""

from pathlib import Path
from typing import Any

import pytest
import torch

from lissom.profiler import machine as rooms
from lissom.profiler.machine import differences, is_disturbed, machine, waits_passively
from profiler.made import measurement

CPU = torch.device("cpu")


def test_the_same_machine_as_set_now_gives_the_same_fingerprint() -> None:
    one, other = machine(CPU).to_dict(), machine(CPU).to_dict()
    assert differences(one, other) == {}
    assert one["torch"] == torch.__version__
    assert one["threads"] == torch.get_num_threads()
    assert one["cores"] >= 1


def test_the_openmp_policy_is_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    before = machine(CPU).to_dict()
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    assert differences(before, machine(CPU).to_dict()) == {"omp_wait_policy": ("unset", "PASSIVE")}


def test_the_systems_own_id_is_hashed_and_may_be_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rooms, "MACHINE_ID", tmp_path / "machine-id")
    assert machine(CPU).id == ""
    (tmp_path / "machine-id").write_text("0123456789abcdef\n")
    assert len(machine(CPU).id) == 12
    assert "0123" not in machine(CPU).id


def test_a_field_that_only_one_of_them_has_is_a_difference() -> None:
    assert differences({"threads": 1}, {"threads": 1, "device": "cpu"}) == {"device": (None, "cpu")}


@pytest.mark.parametrize(
    ("policy", "threads", "passive"),
    [("PASSIVE", 2, True), ("passive", 8, True), ("PASSIVE", 1, False), ("unset", 2, False), ("ACTIVE", 2, False)],
)
def test_sleeping_threads_matter_from_two_on(policy: str, threads: int, passive: bool) -> None:
    assert waits_passively(policy, threads) is passive


@pytest.mark.parametrize(
    ("cpu_ms", "setting", "disturbed"),
    [(5, {}, True), (9, {}, False), (5, {"threads": 2}, False), (5, {"device": "a GPU"}, False)],
)
def test_one_thread_that_computes_for_half_of_its_time_is_disturbed(
    cpu_ms: float, setting: dict[str, Any], disturbed: bool
) -> None:
    taken = measurement(10, None, cpu_ms=cpu_ms, **setting)
    assert is_disturbed(taken.latency, taken.machine) is disturbed

"""The latency harness: whole rounds, warm-up apart, percentiles as defined. Nothing here depends on real time."""

import gc

import pytest

from lissom.timing import harness
from lissom.timing.harness import latency


class Clock:
    """Time that passes only when somebody works; CPU time at twice the pace."""

    def __init__(self) -> None:
        self.now = 0.0

    def work(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(harness.time, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(harness.time, "process_time", lambda: 2 * clock.now)
    return clock


def test_medians_percentiles_and_cpu_time(clock: Clock) -> None:
    durations = iter([9.0, 9.0, *(n / 1000 for n in range(1, 102))])
    found = latency({"net": lambda: clock.work(next(durations))}, repeats=101, warmup=2)["net"]
    assert found.n == 101
    assert found.median_ms == pytest.approx(51)
    assert (found.p05_ms, found.p25_ms, found.p75_ms, found.p95_ms) == pytest.approx((6, 26, 76, 96))
    assert found.cpu_ms == pytest.approx(2 * 51)


def test_calls_take_turns_in_whole_rounds_of_changing_order(clock: Clock) -> None:
    calls: list[str] = []
    latency({name: lambda name=name: calls.append(name) for name in "abc"}, repeats=30, warmup=1)
    rounds = ["".join(calls[i : i + 3]) for i in range(3, len(calls), 3)]
    assert len(rounds) == 30
    assert all(sorted(order) == list("abc") for order in rounds)
    assert len(set(rounds)) > 3


def test_a_budget_ends_it_after_whole_rounds_but_not_before_five(clock: Clock) -> None:
    def slow() -> None:
        clock.work(10)

    found = latency({"a": slow, "b": slow}, repeats=100, warmup=0, seconds=1)
    assert found["a"].n == found["b"].n == harness.LEAST_ROUNDS


def test_threads_and_wait_policy_are_recorded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert latency({"a": lambda: None}, repeats=5, threads=3)["a"].to_dict()["threads"] == 3
    assert latency({"a": lambda: None}, repeats=5)["a"].omp_wait_policy == "unset"
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    assert latency({"a": lambda: None}, repeats=5)["a"].omp_wait_policy == "PASSIVE"


def test_the_garbage_collector_is_off_meanwhile_and_on_again() -> None:
    states: list[bool] = []
    latency({"a": lambda: states.append(gc.isenabled())}, repeats=5, warmup=0)
    assert not any(states)
    assert gc.isenabled()

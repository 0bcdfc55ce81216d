"""Wall and CPU time of several callables, interleaved so that a drift of the machine falls on all of them alike.

A latency alone says little: OpenMP's wait policy changes it more than most runtimes do, and a runtime that spins on a
second core is not faster for a phone. So threads, wait policy and CPU time stand beside each median.
"""

import gc
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

LEAST_ROUNDS = 5  # fewer say nothing about the spread, whatever the time budget


@dataclass(frozen=True, kw_only=True)
class Latency:
    """One callable's times; percentiles are over its calls, in milliseconds of wall time."""

    median_ms: float
    p05_ms: float
    p25_ms: float
    p75_ms: float
    p95_ms: float
    cpu_ms: float  # CPU time of all threads of this process, mean for each call
    n: int  # timed calls
    threads: int | None  # of torch, or as the caller says; None: unknown
    omp_wait_policy: str  # OMP_WAIT_POLICY, or "unset"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def latency(
    calls: Mapping[str, Callable[[], object]],
    *,
    repeats: int = 50,
    warmup: int = 5,
    seconds: float | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> dict[str, Latency]:
    """Times each of `calls` once a round, in an order shuffled anew for each round, after `warmup` untimed rounds.

    A callable does one whole inference and waits for its result: on a GPU it ends with a synchronisation.
    repeats: rounds · seconds: stop sooner when so much time has passed, but not before 5 rounds.
    threads: what to record; None asks torch if it is loaded.
    """
    assert calls, "nothing to time"
    assert repeats >= 1, "nothing to count"
    wall: dict[str, list[float]] = {name: [] for name in calls}
    cpu = dict.fromkeys(calls, 0.0)
    for _ in range(warmup):
        for call in calls.values():
            call()
    with _without_garbage_collection():
        for name in _turns(list(calls), repeats, seconds, random.Random(seed)):
            call = calls[name]
            cpu_start, start = time.process_time(), time.perf_counter()
            call()
            wall[name].append((time.perf_counter() - start) * 1e3)
            cpu[name] += (time.process_time() - cpu_start) * 1e3
    threads = _torch_threads() if threads is None else threads
    return {name: _latency(wall[name], cpu[name], threads) for name in calls}


def _turns(names: list[str], repeats: int, seconds: float | None, rng: random.Random) -> Iterator[str]:
    """Whose turn it is: whole rounds, so that every name gets the same number of calls."""
    start = time.perf_counter()
    for done in range(repeats):
        if seconds is not None and done >= LEAST_ROUNDS and time.perf_counter() - start > seconds:
            return
        rng.shuffle(names)
        yield from names


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _torch_threads() -> int | None:
    torch = sys.modules.get("torch")  # timing loads nothing of its own
    return torch.get_num_threads() if torch else None


def _latency(wall_ms: list[float], cpu_ms: float, threads: int | None) -> Latency:
    if len(wall_ms) == 1:
        percentiles = wall_ms * 19
    else:
        percentiles = statistics.quantiles(wall_ms, n=20, method="inclusive")  # 5 %, 10 %, ... 95 %
    return Latency(
        median_ms=statistics.median(wall_ms),
        p05_ms=percentiles[0],
        p25_ms=percentiles[4],
        p75_ms=percentiles[14],
        p95_ms=percentiles[18],
        cpu_ms=cpu_ms / len(wall_ms),
        n=len(wall_ms),
        threads=threads,
        omp_wait_policy=os.environ.get("OMP_WAIT_POLICY", "unset"),
    )

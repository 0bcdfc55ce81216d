"""Many images looked at side by side: the same answers in the same order by processes, threads and this one alone."""

import os
import signal
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from lissom.data import side_by_side
from lissom.data.side_by_side import look_at_each

pytestmark = pytest.mark.skipif(not side_by_side.FORKS, reason="elsewhere threads do it all")
HERE = os.getpid()


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(side_by_side, "MANY", 1)


def answers(look: Callable[[int], object], total: int = 23, workers: int = 2, **how: bool) -> list[list[object]]:
    return list(look_at_each(look, total, workers=workers, chunk=5, **how))


def flat(lists: list[list[object]]) -> list[object]:
    return list(chain.from_iterable(lists))


@pytest.mark.parametrize("workers", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("forks", [True, False])
def test_answers_are_in_order_whoever_gives_them(workers: int, forks: bool):
    assert answers(lambda number: number * number, workers=workers, forks=forks) == [
        [number * number for number in range(start, min(start + 5, 23))] for start in (0, 5, 10, 15, 20)
    ]


def test_it_is_processes_that_look_where_there_are_many(monkeypatch: pytest.MonkeyPatch):
    assert HERE not in flat(answers(lambda number: os.getpid()))
    assert {HERE} == {*flat(answers(lambda number: os.getpid(), forks=False))}
    monkeypatch.setattr(side_by_side, "MANY", 24)
    assert {HERE} == {*flat(answers(lambda number: os.getpid()))}


def test_what_a_process_raises_is_raised_here():
    def look(number: int) -> int:
        if number == 12:
            raise ValueError(f"{number} is no good")
        return number

    with pytest.raises(ValueError, match="12 is no good"):
        answers(look)


def test_without_processes_it_is_done_here(monkeypatch: pytest.MonkeyPatch):
    started = []

    def fork() -> int:
        if started:
            raise BlockingIOError
        started.append(None)
        return whole()

    whole = os.fork
    monkeypatch.setattr(os, "fork", fork)
    assert flat(answers(lambda number: number, workers=3)) == [*range(23)]


def test_no_process_is_started_for_nothing(monkeypatch: pytest.MonkeyPatch):
    started, whole = [], side_by_side._start
    monkeypatch.setattr(side_by_side, "_start", lambda *given: (started.append(given[1]), whole(*given)))
    answers(lambda number: number, workers=9)
    assert len(started) == 5
    assert all(started)


def test_a_signal_that_comes_with_a_process_is_this_one_s_alone(monkeypatch: pytest.MonkeyPatch):
    """It is held until the process has its own ways: else it would run what stands behind the call a second time."""
    told, whole = [], os.fork

    def fork() -> int:
        process = whole()
        signal.raise_signal(signal.SIGTERM)  # at once, in both
        return process

    monkeypatch.setattr(os, "fork", fork)
    before = signal.signal(signal.SIGTERM, lambda *_: told.append(os.getpid()))
    try:
        assert flat(answers(lambda number: (number, told[:])))[-1][0] == 22
    finally:
        signal.signal(signal.SIGTERM, before)
    assert {*told} == {HERE}


def test_the_work_of_a_process_that_is_killed_is_done_here(tmp_path: Path):
    def look(number: int) -> int:
        if number == 7 and os.getpid() != HERE:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    assert flat(answers(look)) == list(range(23))


def test_no_process_is_left_when_nobody_asks_any_more():
    some = look_at_each(lambda number: (os.getpid(), "x" * 100_000), 100, workers=2, chunk=5)
    processes = {next(some)[0][0], next(some)[0][0]}
    some.close()
    assert len(processes) == 2
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_ctrl_c_is_for_the_process_that_asked():
    def look(number: int) -> int:
        if os.getpid() != HERE:
            os.kill(os.getpid(), signal.SIGINT)
        return os.getpid()

    assert HERE not in flat(answers(look))

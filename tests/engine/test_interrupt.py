import os
import signal
import threading

import pytest

from lissom.engine.interrupt import EvaluationStopped, StopRequest


@pytest.fixture
def told():
    return []


def request_for(told):
    return StopRequest(lambda: told.append("first"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_remembered_and_told(told, number):
    with request_for(told) as stop:
        assert not stop.asked
        signal.raise_signal(number)
        assert stop.asked
    assert told == ["first"]


def test_the_second_stops_at_once(told):
    with request_for(told):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert told == ["first"]


def test_former_handlers_come_back(told):
    former = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(ZeroDivisionError), request_for(told):
        raise ZeroDivisionError
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == former


def test_outside_the_main_thread_nothing_is_caught_and_nothing_breaks(told):
    former, inside = signal.getsignal(signal.SIGINT), []

    def run():
        with request_for(told):
            inside.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert inside == [former]


def test_an_evaluation_is_left_between_two_batches(told):
    with request_for(told) as stop:
        batches = stop.watch([1, 2, 3])
        assert next(batches) == 1
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(EvaluationStopped):
            next(batches)

import os
import signal
import threading

import pytest

from engine.test_fit import last, without_timings
from engine.toy import VAL, toy_fit
from lissom.engine.checkpoint import checkpoints
from lissom.engine.interrupt import EvaluationStopped, StopRequest
from lissom.errors import Interrupted
from lissom.events import Closed, Saved, StepEnded, Stop, Stopping


def handlers():
    return signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)


def elsewhere(fn):
    """What `fn()` returns or raises in another thread."""
    found = []

    def run():
        try:
            found.append(fn())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture
def told():
    return []


def request_for(told, stop=None):
    return StopRequest(lambda: told.append("first"), stop)


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_the_first_is_remembered_and_told(self, told, number):
        with request_for(told) as stop:
            assert not stop.asked
            signal.raise_signal(number)
            assert told == ["first"]
            assert stop.asked
        assert told == ["first"]

    def test_the_second_stops_at_once(self, told):
        with request_for(told):
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert told == ["first"]

    def test_former_handlers_come_back(self, told):
        former = handlers()
        with pytest.raises(ZeroDivisionError), request_for(told):
            raise ZeroDivisionError
        assert handlers() == former

    def test_outside_the_main_thread_nothing_is_caught_and_nothing_breaks(self, told):
        def inside():
            with request_for(told):
                return handlers()

        assert elsewhere(inside) == handlers()


class TestToken:
    def test_no_handler_is_touched(self, told):
        former = handlers()
        with request_for(told, Stop()):
            assert handlers() == former

    def test_it_is_told_by_who_reads_it_and_once(self, told):
        token = Stop()
        with request_for(told, token) as stop:
            elsewhere(token.ask)
            assert told == []
            assert stop.asked
            assert stop.asked
        assert told == ["first"]


def test_an_evaluation_is_left_between_two_batches(told):
    with request_for(told) as stop:
        batches = stop.watch([1, 2, 3])
        assert next(batches) == 1
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(EvaluationStopped):
            next(batches)


@pytest.fixture(params=["ctrl-c", "token"])
def way(request):
    """A token or None, and how to ask a training that was given it to stop."""
    if request.param == "token":
        stop = Stop()
        return stop, lambda: elsewhere(stop.ask)
    return None, lambda: os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder and rows of a training that nobody stopped."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, without_timings(toy_fit(folder).history)


class TestTraining:
    @pytest.mark.parametrize("moment", [1, 6, 7, 11, 17])
    def test_stopped_and_resumed_it_has_the_weights_of_one_that_was_not(self, tmp_path, whole, way, moment):
        seen, (stop, ask) = [], way

        def listener(event):
            seen.append(event)
            if isinstance(event, StepEnded) and sum(isinstance(e, StepEnded) for e in seen) == moment:
                ask()

        with pytest.raises(Interrupted, match=f"lissom resume {tmp_path}"):
            toy_fit(tmp_path, listener=listener, stop=stop)
        assert [type(event) for event in seen].count(Stopping) == 1
        assert [type(event) for event in seen[-2:]] == [Saved, Closed]
        result = toy_fit(tmp_path, resume=True)
        assert without_timings(result.history) == whole[1]
        assert last(tmp_path) == last(whole[0])
        assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 3

    def test_the_end_of_an_evaluation_is_not_waited_for(self, tmp_path, whole, way):
        stop, ask = way

        def batches():
            yield VAL[0]
            ask()
            yield VAL[1]
            pytest.fail("the evaluation went on")

        class Once:
            def __iter__(self):
                return batches()

        with pytest.raises(Interrupted, match="epoch 1 after step 6"):
            toy_fit(tmp_path, val=Once(), stop=stop)
        assert without_timings(toy_fit(tmp_path, resume=True).history) == whole[1]

    def test_a_second_ctrl_c_stops_at_once_and_says_how_to_go_on(self, tmp_path):
        def interrupt(event):
            if isinstance(event, StepEnded) and event.epoch == 2:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(Interrupted, match=r"Stopped immediately.*lissom resume") as raised:
            toy_fit(tmp_path, listener=interrupt)
        assert raised.value.exit_code == 130
        assert len(checkpoints(tmp_path / "checkpoints")) == 1
        assert toy_fit(tmp_path, resume=True).stopped == "done"

    @pytest.mark.parametrize("stop", [None, Stop()], ids=["nothing", "token"])
    def test_outside_the_main_thread_it_is_the_same(self, tmp_path, whole, stop):
        during = []
        result = elsewhere(lambda: toy_fit(tmp_path, stop=stop, listener=lambda event: during.append(handlers())))
        assert without_timings(result.history) == whole[1]
        assert set(during) == {handlers()}

    def test_with_a_token_handlers_are_the_callers(self, tmp_path):
        during, former = [], handlers()
        toy_fit(tmp_path, stop=Stop(), listener=lambda event: during.append(handlers()))
        assert set(during) == {former}

    def test_a_token_outside_the_main_thread_stops_it(self, tmp_path):
        stop = Stop()

        def listener(event):
            if isinstance(event, StepEnded):
                stop.ask()

        error = elsewhere(lambda: toy_fit(tmp_path, stop=stop, listener=listener))
        assert isinstance(error, Interrupted)
        assert "after step 2" in str(error)

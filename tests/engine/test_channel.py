import os
import signal
import threading

import pytest

from lissom.engine.channel import Inbox, Outbox
from lissom.events import Closed, Ended, Note, Saved, Started

STARTED = Started(folder=None, epochs=1, steps_per_epoch=1, epoch=0, step=0, checkpoint=None, metric="top1")


def notes(number):
    return [Note(name="cli.stopped", values={"number": n, "much": "x" * n}) for n in range(number)]


def outbox_of(inbox):
    """The other end, as the child has it, in this process."""
    outbox = Outbox(os.dup(inbox.handle))
    inbox.handed_over()
    return outbox


@pytest.fixture
def told():
    return []


@pytest.fixture
def inbox(told):
    with Inbox(lambda event: told.append(event)) as inbox:
        yield inbox


def test_events_arrive_in_order_and_all_of_them(inbox, told):
    outbox = outbox_of(inbox)
    for event in notes(1000):  # half a megabyte: more than a pipe holds
        outbox(event)
    closing = threading.Thread(target=outbox.close)
    closing.start()
    while len(told) < 1000:
        inbox.hear(1.0)
    closing.join()
    assert told == notes(1000)


def test_what_is_left_at_the_end_is_heard_by_draining(inbox, told):
    outbox = outbox_of(inbox)
    for event in notes(5):
        outbox(event)
    outbox.close()
    inbox.drain()
    assert told == notes(5)


def test_a_pipe_that_has_ended_is_waited_at_like_an_empty_one(inbox, told):
    outbox_of(inbox).close()
    for _ in range(3):
        inbox.hear(0.01)
    inbox.drain()
    assert told == []


def test_a_child_killed_within_an_event_ends_it(inbox, told):
    end = os.dup(inbox.handle)
    inbox.handed_over()
    os.write(end, b"\0\0\1\0half")  # 256 bytes announced
    os.close(end)
    inbox.drain()
    assert told == []


@pytest.mark.parametrize(
    ("events", "closed"),
    [
        ([STARTED, Saved(path=None)], 1),
        ([STARTED, Closed()], 1),
        ([STARTED, Closed(), STARTED], 2),
        ([STARTED, Ended(stopped="done", best_epoch=1, best_metric=None), Closed(), *notes(1)], 1),
        (notes(2), 0),
    ],
)
def test_a_training_that_was_begun_is_always_closed(told, events, closed):
    with Inbox(told.append) as inbox:
        outbox = outbox_of(inbox)
        for event in events:
            outbox(event)
        outbox.close()
        inbox.drain()
    assert told.count(Closed()) == closed


def test_a_listener_that_raises_is_still_closed(told):
    def tired(event):
        told.append(event)
        raise ZeroDivisionError

    inbox = Inbox(tired)
    outbox = outbox_of(inbox)
    outbox(STARTED)
    outbox.close()
    with pytest.raises(ZeroDivisionError), inbox:
        inbox.drain()
    assert told == [STARTED, Closed()]


def test_events_told_by_a_signals_handler_do_not_mix_with_others(inbox, told):
    outbox = outbox_of(inbox)
    former = signal.signal(signal.SIGINT, lambda *_: outbox(Saved(path="handler")))
    try:
        for n, event in enumerate(notes(200)):
            outbox(event)
            if n % 20 == 0:
                os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, former)
    outbox.close()
    inbox.drain()
    assert [event for event in told if isinstance(event, Note)] == notes(200)
    assert sum(isinstance(event, Saved) for event in told) == 10


def test_when_the_parent_is_gone_nothing_is_raised_and_nothing_waits(told):
    with Inbox(told.append) as inbox:
        outbox = outbox_of(inbox)
    for event in notes(100):
        outbox(event)
    outbox.close()
    assert told == []

"""Many images looked at side by side: where there are many by forked processes, else by threads. No torch here.

What is done for a small image is Python's work more than Pillow's: two threads decode them no faster than one. What
comes of it is the same either way, and in order.
"""

import contextlib
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, NamedTuple, TypeVar

CHUNK = 512  # images of one answer
MANY = 2_000  # images from which on a process pays for itself
BLOCKS = 4  # of a chunk that each thread is handed
FORKS = sys.platform == "linux"  # elsewhere a process begins anew, and takes longer to start than it saves

Result = TypeVar("Result")


def look_at_each(
    look: Callable[[int], Result], total: int, *, workers: int, chunk: int = CHUNK, forks: bool = True
) -> Iterator[list[Result]]:
    """What `look` gives of each number below `total`, in order, in lists of `chunk`.

    workers: processes or threads; 0: none but this one. forks=False: threads alone, for results that are large.
    `look` depends on its number alone, and opens anew in a process of its own what has a place in its file.
    """
    numbers = [range(start, min(start + chunk, total)) for start in range(0, total, chunk)]
    if forks and FORKS and workers > 1 and total >= MANY:
        yield from _by_processes(look, numbers, workers)
    elif workers:
        with ThreadPoolExecutor(workers) as pool:
            for each in numbers:
                yield _by_threads(look, each, pool, workers)
    else:
        for each in numbers:
            yield [look(number) for number in each]


def _by_threads(look: Callable[[int], Result], numbers: range, pool: ThreadPoolExecutor, workers: int) -> list[Result]:
    """A thread is handed a block at a time: to hand over one small image takes a third as long as to decode it."""
    size = max(1, len(numbers) // (BLOCKS * workers))
    blocks = [numbers[start : start + size] for start in range(0, len(numbers), size)]
    return [each for block in pool.map(lambda block: [look(number) for number in block], blocks) for each in block]


class _Hand(NamedTuple):
    """A process, and the pipe that its answers come from."""

    process: int
    answers: IO[bytes]


def _by_processes(look: Callable[[int], Result], chunks: Sequence[range], workers: int) -> Iterator[list[Result]]:
    """Each process takes every so-manieth chunk. One that fails or is killed leaves the rest to this process, which
    raises what there is to raise."""
    hands: list[_Hand] = []
    try:
        for first in range(workers):
            hands.append(_fork(look, chunks[first::workers], hands))
        for number, chunk in enumerate(chunks):
            try:
                yield pickle.load(hands[number % workers].answers)
            except (EOFError, pickle.UnpicklingError):
                yield [look(each) for each in chunk]
    finally:
        for hand in hands:
            hand.answers.close()
            with contextlib.suppress(OSError):
                os.kill(hand.process, signal.SIGKILL)
                os.waitpid(hand.process, 0)


def _fork(look: Callable[[int], Any], chunks: Sequence[range], others: Sequence[_Hand]) -> _Hand:
    """A process that answers for these chunks. It ends with this one, however that went: nobody else holds the other
    end of its pipe."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on fork in a process with threads
        process = os.fork()
    if process:
        os.close(writer)
        return _Hand(process, open(reader, "rb"))
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked
        for name in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_DFL)
        for end in (reader, *(other.answers.fileno() for other in others)):
            os.close(end)
        with open(writer, "wb") as answers:
            for chunk in chunks:
                pickle.dump([look(number) for number in chunk], answers, pickle.HIGHEST_PROTOCOL)
                answers.flush()
    finally:
        os._exit(0)  # without what the parent registered to do at its end

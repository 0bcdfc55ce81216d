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

ENDING = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))

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
    """The chunks go round the processes. One that fails, is killed or cannot be started leaves its own to this process,
    which raises what there is to raise."""
    workers = min(workers, len(chunks))
    hands: list[_Hand] = []
    try:
        with contextlib.suppress(OSError):  # the system has no more processes or files
            for first in range(workers):
                _start(look, chunks[first::workers], hands)
        for number, chunk in enumerate(chunks):
            there = number % workers < len(hands)
            answer = _answer(hands[number % workers]) if there else None
            yield [look(each) for each in chunk] if answer is None else answer
    finally:
        for hand in hands:
            hand.answers.close()
            with contextlib.suppress(OSError):
                os.kill(hand.process, signal.SIGKILL)
                os.waitpid(hand.process, 0)


def _answer(hand: _Hand) -> list[Any] | None:
    """None of a process that has ended."""
    try:
        return pickle.load(hand.answers)
    except (EOFError, pickle.UnpicklingError):
        return None


def _start(look: Callable[[int], Any], chunks: Sequence[range], hands: list[_Hand]) -> None:
    """Adds a process that answers for these chunks. It ends with this one, however that went: nobody else holds the
    other end of its pipe. Raises: OSError."""
    reader, writer = os.pipe()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # the child must not obey as this process would
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on fork in a process with threads
            process = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise
    if process:
        os.close(writer)
        hands.append(_Hand(process, os.fdopen(reader, "rb")))
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked
        for name in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for end in (reader, *(other.answers.fileno() for other in hands)):
            os.close(end)
        with open(writer, "wb") as answers:
            for chunk in chunks:
                pickle.dump([look(number) for number in chunk], answers, pickle.HIGHEST_PROTOCOL)
                answers.flush()
    finally:
        os._exit(0)  # without what the parent registered to do at its end

"""Processes that this one starts: how they are joined, and how they end with it.

Each child's standard input is its line to the parent: first the job as a pickle, then one byte for each signal or for
the stop token, and its end means that the parent is gone, however it went. The first child's events come up a pipe.
"""

import _thread
import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from torch.distributed import TCPStore  # pyright: ignore[reportPrivateImportUsage]

from lissom.config import EngineConfig
from lissom.engine.channel import Inbox, Outbox
from lissom.engine.interrupt import ends
from lissom.errors import LissomError, MachineError
from lissom.events import Listener, Stop, silent

POLL_SECONDS = 0.05
GRACE_SECONDS = 10.0  # for the others to end by themselves after one failed or a second Ctrl-C
SIGNAL, STOP = b"!", b"."  # what goes down the line after the job
LOOPBACK = {"linux": "lo", "darwin": "lo0"}  # gloo otherwise looks the host's name up, which may lead nowhere


class Job(NamedTuple):
    """What a child is given to do."""

    fn: Callable[..., Any]
    engine: EngineConfig
    args: tuple[Any, ...]
    outcome: Path
    """The file for its Outcome."""
    events: int | None
    """The handle that its events are written to; None: nobody hears it."""
    by_token: bool
    """Whether it is stopped by a token, else by signals."""


def run(
    fn: Callable[..., Any], engine: EngineConfig, *args: Any, listener: Listener = silent, stop: Stop | None = None
) -> Any:
    """Calls `fn(fabric, *args, listener=..., stop=...)` in `engine.devices` new processes.

    Returns what the first one returns, after `listener` was given all its events, in this thread.
    Raises: what one of them raises, or the listener; MachineError when one was killed.
    """
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)  # the system finds a free port
    with tempfile.TemporaryDirectory(prefix="lissom-") as folder, Inbox(listener) as inbox:
        outcomes = [Path(folder) / f"{rank}.pickle" for rank in range(engine.devices)]
        ways = [inbox.inheritance(), *({} for _ in outcomes[1:])]
        children = [_start(rank, engine.devices, store.port, **way) for rank, way in enumerate(ways)]
        ended: dict[int, int] = {}
        try:
            for rank, (child, outcome) in enumerate(zip(children, outcomes, strict=True)):
                handle = inbox.handle if rank == 0 else None
                _tell(child, pickle.dumps(Job(fn, engine, args, outcome, handle, stop is not None)))
            inbox.handed_over()
            ended = _wait(children, inbox, stop)
        finally:
            _end(children)
        inbox.drain()
        return judged([_read(outcome) for outcome in outcomes], ended)


def _start(rank: int, number: int, port: int, **inheritance: Any) -> subprocess.Popen[bytes]:
    """A child in a session of its own: the terminal's Ctrl-C reaches the parent alone, which forwards it."""
    ours = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": number, "LOCAL_WORLD_SIZE": number, "GROUP_RANK": 0}
    ours |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_USE_AGENT_STORE": True}
    loopback = {"GLOO_SOCKET_IFNAME": LOOPBACK[sys.platform]} if sys.platform in LOOPBACK else {}
    environment = loopback | os.environ | {name: str(value) for name, value in ours.items()}
    code = f"import sys; sys.path[:] = {sys.path!r}; from lissom.engine.spawn import main; main()"
    group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # the same on Windows
    child: Any = subprocess.Popen(  # the spread hides from the checker that it is one of bytes
        [sys.executable, "-c", code],
        env=environment,
        stdin=subprocess.PIPE,
        start_new_session=True,
        creationflags=group,
        **inheritance,
    )
    return child


def _tell(child: subprocess.Popen[bytes], message: bytes) -> None:
    assert child.stdin
    with contextlib.suppress(OSError):  # it has ended: `_wait` sees that
        child.stdin.write(message)
        child.stdin.flush()


def _wait(children: list[subprocess.Popen[bytes]], inbox: Inbox, stop: Stop | None) -> dict[int, int]:
    """Until all have ended, or GRACE_SECONDS after one failed or the user lost patience; exit codes of the ended."""
    deadline, passed_on = None, False
    with _forwarded(children, stop) as signals:
        while any(child.poll() is None for child in children):
            failed = any(child.returncode for child in children)
            if deadline is None and (failed or len(signals) > 1):
                deadline = time.monotonic() + GRACE_SECONDS
            if deadline is not None and time.monotonic() > deadline:
                break
            if stop and stop.asked and not passed_on:
                passed_on = True
                for child in children:
                    _tell(child, STOP)
            inbox.hear(POLL_SECONDS)
    return {rank: child.returncode for rank, child in enumerate(children) if child.returncode is not None}


@contextlib.contextmanager
def _forwarded(children: list[subprocess.Popen[bytes]], stop: Stop | None) -> Iterator[list[int]]:
    """Within it, Ctrl-C, SIGTERM and SIGHUP go to the children; yields those that came so far. With a token none is
    caught."""
    signals: list[int] = []

    def forward(number: int, frame: object) -> None:
        signals.append(number)
        for child in children:
            _tell(child, SIGNAL)

    if stop or threading.current_thread() is not threading.main_thread():
        yield signals
        return
    former = {number: signal.signal(number, forward) for number in ends()}
    try:
        yield signals
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()
        assert child.stdin
        with contextlib.suppress(OSError):
            child.stdin.close()


def _read(path: Path) -> "Outcome":
    return pickle.loads(path.read_bytes()) if path.exists() else Outcome("gone", None, 0.0)


class Outcome(NamedTuple):
    """How one process ended."""

    kind: Literal["value", "error", "fault", "stopped", "gone"]
    """A value, an error of ours, any other exception, Ctrl-C, or without a word."""
    what: Any
    """The value, the error, or the traceback."""
    time: float


def judged(outcomes: list[Outcome], ended: dict[int, int]) -> Any:
    """The first process's value, or the error that explains the most.

    That is an error of ours; else a process that ended without a word (`ended` holds the exit codes of those that were
    not ended by us); else the earliest fault, as later ones are about the connection with the one that failed.
    """
    if all(outcome.kind == "value" for outcome in outcomes):
        return outcomes[0].what
    errors = [outcome.what for outcome in outcomes if outcome.kind == "error"]
    if errors:
        raise errors[0]
    gone = [rank for rank, outcome in enumerate(outcomes) if outcome.kind == "gone" and rank in ended]
    if gone:
        raise MachineError("process-killed", rank=gone[0], code=ended[gone[0]])
    faults = [(o.time, rank, o.what) for rank, o in enumerate(outcomes) if o.kind == "fault"]
    if faults:
        _, rank, trace = min(faults)
        raise RuntimeError(f"process {rank} failed:\n{trace}")
    raise KeyboardInterrupt


def main() -> None:
    """A child's whole life."""
    line = os.fdopen(os.dup(0), "rb", buffering=0)
    job: Job = pickle.load(line)
    outbox = None if job.events is None else Outbox(job.events)
    stop = Stop() if job.by_token else None
    threading.Thread(target=_listen, args=(line, stop), daemon=True).start()
    ended = _called(job, outbox or silent, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is asked now comes too late
    if outbox:
        outbox.close()
    job.outcome.write_bytes(pickle.dumps(ended))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if ended.kind == "value" else 1)  # at once: threads of gloo may still wait for a process that is gone


def _called(job: Job, listener: Listener, stop: Stop | None) -> Outcome:
    from lissom.engine.processes import run_here

    try:
        value = run_here(job.fn, job.engine, *job.args, listener=listener, stop=stop)
        return Outcome("value", value if os.environ["RANK"] == "0" else None, time.time())
    except LissomError as error:
        return Outcome("error", error, time.time())
    except KeyboardInterrupt:
        return Outcome("stopped", None, time.time())
    except BaseException:
        return Outcome("fault", traceback.format_exc(), time.time())


def _listen(line: Any, stop: Stop | None) -> None:
    """Asks the token or raises SIGINT in the main thread, as the parent says; ends the process when the line is cut."""
    while byte := line.read(1):
        if stop and byte == STOP:
            stop.ask()
        else:
            _thread.interrupt_main()
    os._exit(1)

"""How a command ends that nobody wants any more: once, in one line, whatever it was doing."""

import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

from lissom.cli.streams import below

PATIENCE = 1.0  # seconds in which a second Ctrl-C is taken for the first


class Ending:
    """Within `with`, the first SIGINT, SIGTERM or SIGHUP raises KeyboardInterrupt; one that comes after a while, as the
    first did not end the command, ends the process. A training has handlers of its own meanwhile."""

    def __init__(self) -> None:
        self._asked: float | None = None
        self._former: dict[int, Any] = {}

    @property
    def asked(self) -> bool:
        return self._asked is not None

    def __enter__(self) -> "Ending":
        if threading.current_thread() is threading.main_thread():
            numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
            ours = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]  # as under nohup
            self._former = {number: signal.signal(number, self._handle) for number in ours}
        self._unraisable, sys.unraisablehook = sys.unraisablehook, self._again
        return self

    def __exit__(self, *exception: object) -> None:
        sys.unraisablehook = self._unraisable
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._asked is None:
            self._asked = now
            raise KeyboardInterrupt
        if now - self._asked > PATIENCE:
            show_cursor()
            os._exit(130)

    def _again(self, lost: Any) -> None:
        """Python prints and forgets what is raised where an object dies; a wish to stop comes again."""
        if not isinstance(lost.exc_value, KeyboardInterrupt):
            self._unraisable(lost)
        elif self._former:
            self._asked = None
            threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)).start()  # raised in here it would be lost too


def show_cursor() -> None:
    """As a bar that was cut off cannot."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.stderr.isatty():
            below(sys.stderr).write("\x1b[?25h")
            sys.stderr.flush()


def say(line: str) -> None:
    """A line of standard error, if anybody reads it."""
    try:
        print(f"lissom: {line}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        silence(sys.stderr)


def silence(stream: Any) -> None:
    """What is still to come from a stream that nobody reads, or that a full disk refuses, goes nowhere."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)

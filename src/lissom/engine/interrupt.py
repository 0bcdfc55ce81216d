"""How work in this process is asked to stop: by the caller's token, or by Ctrl-C where the caller gave none."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any

from lissom.events import Stop


class EvaluationStopped(Exception):
    """Leaves an evaluation that the user does not want to wait for; its epoch is evaluated again on resume."""


def ends() -> list[int]:
    """The signals by which people and machines ask a process to end, but for those that it was told to ignore."""
    hangup = [signal.SIGHUP] if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else []
    return [signal.SIGINT, signal.SIGTERM, *hangup]


class StopRequest:
    """Within `with`, whether to stop.

    Without a token the first Ctrl-C asks and the second raises KeyboardInterrupt where it finds us; SIGTERM and SIGHUP,
    of a terminal that was closed, count as the same, unless they are ignored, as under nohup. Former handlers
    are put back at the end. With a token no handler is touched, and none outside the main thread, where Python allows
    none.

    tell: called once: within the signal's handler, or by who first reads in `asked` that the token was asked; never by
    the thread that asks.
    """

    def __init__(self, tell: Callable[[], None], stop: Stop | None = None) -> None:
        self._stop, self._by_signals = stop or Stop(), stop is None
        self._tell, self._told = tell, False
        self._former: dict[int, Any] = {}

    def __enter__(self) -> "StopRequest":
        if self._by_signals and threading.current_thread() is threading.main_thread():
            self._former = {number: signal.signal(number, self._handle) for number in ends()}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    @property
    def token(self) -> Stop:
        """What is asked, whoever asks."""
        return self._stop

    @property
    def asked(self) -> bool:
        if self._stop.asked:
            self.tell_once()
        return self._stop.asked

    def tell_once(self) -> None:
        """Also for who obeys a wish that only another process has heard so far."""
        if not self._told:
            self._told = True
            self._tell()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._stop.asked:
            raise KeyboardInterrupt
        self._stop.ask()
        self.tell_once()  # now, as the step under way may be long

    def watch(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The same batches, until a stop is asked for: then EvaluationStopped."""
        for batch in batches:
            if self.asked:
                raise EvaluationStopped
            yield batch

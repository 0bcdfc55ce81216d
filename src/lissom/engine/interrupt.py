"""Ctrl-C: the first one asks to stop after the step, the second stops at once. SIGTERM counts as the same."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any


class EvaluationStopped(Exception):
    """Leaves an evaluation that the user does not want to wait for; its epoch is evaluated again on resume."""


class StopRequest:
    """Within `with`, remembers the first signal in `asked`; the second raises KeyboardInterrupt where it finds us.

    Former handlers are put back at the end. Outside the main thread Python allows no handlers: then nothing is caught.
    """

    def __init__(self, on_first: Callable[[], None]) -> None:
        self.asked = False
        self._on_first = on_first
        self._former: dict[int, Any] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            self._former = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._on_first()

    def watch(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The same batches, until a stop is asked for: then EvaluationStopped."""
        for batch in batches:
            if self.asked:
                raise EvaluationStopped
            yield batch

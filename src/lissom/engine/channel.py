"""The way of a child's events to the parent's listener, which itself need not pickle and never travels."""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
import time
from multiprocessing import connection
from queue import SimpleQueue
from typing import Any

from lissom.events import Closed, Event, Listener, Started


class Inbox:
    """The parent's end; within `with` the listener is given events when `hear` is called, in the caller's thread.

    A child that is killed leaves its training unclosed: then Closed is told here, at the end of `with`.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._reader, self._writer = connection.Pipe(duplex=False)
        self._ended = self._unclosed = False

    def __enter__(self) -> "Inbox":
        return self

    def __exit__(self, *exception: object) -> None:
        self.handed_over()
        self._reader.close()
        if self._unclosed:
            self._listener(Closed())

    @property
    def handle(self) -> int:
        """What the child makes its Outbox of."""
        return self._writer.fileno()

    def inheritance(self) -> dict[str, Any]:
        """Popen's arguments by which the child has `handle`."""
        if sys.platform != "win32":
            return {"pass_fds": (self.handle,)}
        os.set_handle_inheritable(self.handle, True)
        return {"startupinfo": subprocess.STARTUPINFO(lpAttributeList={"handle_list": [self.handle]})}

    def handed_over(self) -> None:
        """The child has its end: ours is closed, so that the pipe ends with the child."""
        if not self._writer.closed:
            self._writer.close()

    def hear(self, seconds: float) -> None:
        """Waits so long for one event, and gives it to the listener."""
        if self._ended:
            time.sleep(seconds)
        elif (event := self._received(seconds)) is not None:
            self._unclosed = (self._unclosed or isinstance(event, Started)) and not isinstance(event, Closed)
            self._listener(event)

    def drain(self) -> None:
        """Gives the listener what ended children have left."""
        while not self._ended and self._is_there(0.0):
            self.hear(0.0)

    def _is_there(self, seconds: float) -> bool:
        try:
            return self._reader.poll(seconds)
        except OSError:  # Windows: the child is gone
            self._ended = True
            return False

    def _received(self, seconds: float) -> Event | None:
        if not self._is_there(seconds):
            return None
        try:
            return pickle.loads(self._reader.recv_bytes())
        except (EOFError, OSError):  # the child is gone, perhaps within an event
            self._ended = True
            return None


class Outbox:
    """The child's end, a listener. A thread writes, as a signal's handler may tell an event while one is written."""

    def __init__(self, handle: int) -> None:
        kind = connection.Connection if sys.platform != "win32" else connection.PipeConnection
        self._writer = kind(handle, readable=False)
        self._waiting: SimpleQueue[bytes | None] = SimpleQueue()  # its `put` may interrupt itself
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        self._waiting.put(pickle.dumps(event))

    def close(self) -> None:
        """Returns when all is written."""
        self._waiting.put(None)
        self._thread.join()
        self._writer.close()

    def _write(self) -> None:
        with contextlib.suppress(OSError):  # nobody hears us any more: the parent is gone or has enough
            while (message := self._waiting.get()) is not None:
                self._writer.send_bytes(message)

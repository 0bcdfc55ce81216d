"""Marks in time: of this process on a CPU, of the device's own queue on a GPU."""

import time
from typing import Any, Protocol

import torch


class Clock(Protocol):
    """Marks are cheap to set; their distance is read after `settle`."""

    def mark(self) -> Any: ...

    def settle(self) -> None:
        """Waits until everything before the last mark has happened."""

    def elapsed_ms(self, start: Any, end: Any) -> float: ...


class WallClock:
    """For devices that have finished when a call returns."""

    def __init__(self) -> None:
        self.mark = time.perf_counter

    def settle(self) -> None:
        pass

    def elapsed_ms(self, start: float, end: float) -> float:
        return (end - start) * 1e3


class EventClock:
    """Events in a GPU's queue: the time of its kernels, not that of the Python which launched them."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def mark(self) -> Any:
        event = torch.cuda.Event(enable_timing=True)
        event.record(torch.cuda.current_stream(self.device))
        return event

    def settle(self) -> None:
        torch.cuda.synchronize(self.device)

    def elapsed_ms(self, start: Any, end: Any) -> float:
        return start.elapsed_time(end)


def clock_for(device: torch.device) -> Clock:
    """The clock that tells a layer's time on that device."""
    return EventClock(device) if device.type == "cuda" else WallClock()


def wait_for(device: torch.device) -> None:
    """Returns when the device has done all that it was told; at once for a CPU."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()

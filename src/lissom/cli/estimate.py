"""How long training will still take, from the steps and evaluations so far."""

import time
from collections.abc import Callable

WEIGHT = 0.05  # of the newest step: some 20 steps back are remembered, so that a machine that slows down shows


class _Mean:
    """A moving mean; the second value replaces the first, which has the start-up in it (threads, caches, compiling)."""

    def __init__(self) -> None:
        self.value: float | None = None
        self._number = 0

    def add(self, value: float) -> None:
        self._number += 1
        weight = max(WEIGHT, 1 / max(1, self._number - 1))
        self.value = value if self.value is None else self.value + weight * (value - self.value)


class Estimate:
    """Told of each step and each epoch's end, says the seconds left; `clock` counts seconds.

    What lies between an epoch's last step and its end (evaluation, saving) is counted for itself.
    """

    def __init__(
        self,
        *,
        epochs: int,
        steps_per_epoch: int,
        epoch: int = 0,
        step: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._epochs, self._steps_per_epoch = epochs, steps_per_epoch
        self._epoch, self._step = epoch, step
        self._clock, self._last = clock, clock()
        self._step_seconds, self._end_seconds = _Mean(), _Mean()

    def step_ended(self) -> None:
        self._step += 1
        self._step_seconds.add(self._lap())

    def epoch_ended(self) -> None:
        self._epoch, self._step = self._epoch + 1, 0
        self._end_seconds.add(self._lap())

    def _lap(self) -> float:
        before, self._last = self._last, self._clock()
        return self._last - before

    def epoch_left(self) -> float | None:
        """Seconds to the last step of this epoch; None before the first step."""
        if self._step_seconds.value is None:
            return None
        return (self._steps_per_epoch - self._step) * self._step_seconds.value

    def run_left(self) -> float | None:
        """Seconds to the end of the last epoch, evaluations included (once one has been seen)."""
        if self._step_seconds.value is None:
            return None
        epochs = self._epochs - self._epoch
        steps = epochs * self._steps_per_epoch - self._step
        return steps * self._step_seconds.value + epochs * (self._end_seconds.value or 0.0)


def clock_text(seconds: float | None) -> str:
    """`1:02:03`, `2:03`; `-:--` when unknown."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

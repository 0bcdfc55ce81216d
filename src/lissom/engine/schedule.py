"""The learning rate as a pure function of the step: a factor of the highest rate, 0 to 1."""

import math
from typing import Literal

Schedule = Literal["cosine", "onecycle", "constant"]

START = 1 / 25  # one-cycle begins at this share of the highest rate (Smith and Topin, arXiv 1708.07120, and fastai)
END = START / 1e4  # and ends at this one


def factor(schedule: Schedule, step: int, *, steps: int, warmup_steps: int, floor: float = 0.0) -> float:
    """Share of the highest learning rate in step number `step` (from 0) of `steps`.

    The warm-up rises linearly over `warmup_steps`. After it: cosine falls to `floor` just past the last step, one-cycle
    falls linearly to 4e-6 at the last step, constant stays at 1.
    """
    assert 0 <= step < steps, f"step {step} of {steps}"
    warmup_steps = min(warmup_steps, steps)
    if schedule == "onecycle":
        return _onecycle(step, steps, warmup_steps)
    if step < warmup_steps:
        return warmed(step, warmup_steps)
    if schedule == "constant":
        return 1.0
    share = 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (steps - warmup_steps)))
    return floor + (1 - floor) * share


def warmed(step: int, warmup_steps: int) -> float:
    """How much of the warm-up is done with step number `step`, 0 to 1."""
    return min((step + 1) / warmup_steps, 1.0) if warmup_steps else 1.0


def _onecycle(step: int, steps: int, warmup_steps: int) -> float:
    """Up from 1/25 to 1 at the warm-up's last step, then down; torch's OneCycleLR with `anneal_strategy="linear"`."""
    top = max(warmup_steps - 1, 0)
    if step < top:
        return START + (1 - START) * step / top
    if steps - 1 == top:
        return 1.0
    return 1 + (END - 1) * (step - top) / (steps - 1 - top)

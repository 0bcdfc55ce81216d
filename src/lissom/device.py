"""Which device computes, and with how many threads. Importing this needs no torch."""

import os
from typing import TYPE_CHECKING

from lissom.errors import MachineError

if TYPE_CHECKING:
    import torch


def choose_device(wanted: str) -> "torch.device":
    """`auto` takes cuda, else mps, else cpu; a device that this machine lacks is an error, never a fallback."""
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        wanted = next(name for name in ("cuda", "mps", "cpu") if there[name])
    if not there[wanted]:
        found = ", ".join(name for name, is_there in there.items() if is_there)
        raise MachineError("device-missing", wanted=wanted, found=found)
    return torch.device(wanted)


def set_threads(threads: int | None, *, processes: int = 1) -> int:
    """Sets torch's CPU threads for this process and returns their number.

    None: OMP_NUM_THREADS where it is set, else all cores that this process may use, shared by `processes`.
    """
    import torch

    if threads is None:
        threads = int(os.environ.get("OMP_NUM_THREADS", 0)) or max(1, usable_cores() // processes)
    torch.set_num_threads(threads)
    return threads


def usable_cores() -> int:
    """The cores that this process may use, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

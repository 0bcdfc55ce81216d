"""Which device computes, and with how many threads. Importing this needs no torch."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lissom.config import require_count
from lissom.errors import MachineError

if TYPE_CHECKING:
    import torch


CPUINFO = Path("/proc/cpuinfo")
BF16 = {"avx512_bf16", "amx_bf16", "bf16"}  # x86's two, and ARM's


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
    Raises: UsageError for fewer than one.
    """
    import torch

    require_count("threads", threads)
    if threads is None:
        threads = _omp_threads() or max(1, usable_cores() // processes)
    torch.set_num_threads(threads)
    return threads


def _omp_threads() -> int:
    """What OMP_NUM_THREADS says, of a list such as `4,2` the first; 0: nothing that counts."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() else 0


def has_bf16() -> bool | None:
    """Whether the CPU computes with bfloat16 itself, going by the flags that Linux lists; None: unknown."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    flags = [line.partition(":")[2].split() for line in lines if line.startswith(("flags", "Features"))]
    return bool(BF16 & set(flags[0])) if flags else None


def usable_cores() -> int:
    """The cores that this process may use, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

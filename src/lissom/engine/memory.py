"""Main memory: kept by the process between steps, and what to say when it runs out."""

import contextlib
import ctypes
import platform
from collections.abc import Iterator

import torch

from lissom.config import EngineConfig
from lissom.errors import MachineError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
SIGNS = ("not enough memory", "out of memory", "can't allocate memory", "cannot allocate memory")


def keep_memory() -> bool:
    """Tells glibc to keep freed memory for the next allocation; False where there is no glibc.

    By default each large tensor is mapped anew, and its first touch costs a page fault for each 4 KiB: a CPU training
    step of MobileNetV2 takes 1.2 to 1.5 times as long. The price is that freed memory returns to the system at exit.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(M_MMAP_THRESHOLD, 1 << 30) and libc.mallopt(M_TRIM_THRESHOLD, 0x7FFFFFFF))


@contextlib.contextmanager
def memory_explained(engine: EngineConfig) -> Iterator[None]:
    """Turns running out of memory into one line with a smaller number of images at once.

    Raises: MachineError.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
        if not is_out_of_memory(error):
            raise
        at_once = engine.batch_size // (engine.devices * engine.accumulate)
        smaller = max(1, at_once // 2)
        values = {"at_once": at_once, "smaller": smaller, "accumulate": engine.accumulate * 2}
        raise MachineError("out-of-memory", **values, batch_size=max(1, engine.batch_size // 2)) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says, in one of its several ways, that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)

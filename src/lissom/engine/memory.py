"""Main memory: kept by the process between steps, and what to say when it runs out."""

import contextlib
import ctypes
import gc
import platform
from collections.abc import Callable, Iterator
from typing import Any

import torch

from lissom.config import EngineConfig
from lissom.engine.objective import Batch
from lissom.errors import MachineError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
SIGNS = ("not enough memory", "out of memory", "can't allocate memory", "cannot allocate memory")


def keep_memory() -> bool:
    """Tells glibc to keep freed memory for the next allocation; False where there is no glibc.

    By default each large tensor is mapped anew, and its first touch costs a page fault for each 4 KiB: a CPU training
    step of MobileNetV1's CIFAR form takes 1.27 times as long (benchmarks/train_speed.py). The price is that freed
    memory returns to the system at exit.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(M_MMAP_THRESHOLD, 1 << 30) and libc.mallopt(M_TRIM_THRESHOLD, 0x7FFFFFFF))


def release_memory() -> None:
    """Gives freed memory back to the system, which `keep_memory` forbids: between training and what follows it."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # glibc's alone
        ctypes.CDLL(None).malloc_trim(0)


@contextlib.contextmanager
def memory_explained(engine: EngineConfig) -> Iterator[None]:
    """Turns running out of memory into one line with half as many images at once.

    Raises: MachineError.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
        if not is_out_of_memory(error):
            raise
        raise too_many(engine, None) from error


def too_many(engine: EngineConfig, fitting: int | None) -> MachineError:
    """The error for `fitting` images at once, which were tried; 0: not one fits; None: none tried, half is told."""
    if fitting == 0:
        return MachineError("out-of-memory-with-one")
    at_once = engine.step_size // (engine.devices * engine.accumulate)
    fewer = fitting or max(1, at_once // 2)
    values = {"at_once": at_once, "fewer": fewer, "batch_size": max(1, engine.step_size * fewer // at_once)}
    parts = next(n for n in range(1, at_once + 1) if at_once % n == 0 and at_once // n <= fewer)
    return MachineError(
        "out-of-memory-tried" if fitting else "out-of-memory", accumulate=engine.accumulate * parts, **values
    )


def largest_that_fits(attempt: Callable[[Any], object], batch: Batch) -> int:
    """Halves `batch` until `attempt` no longer runs out of memory, and returns the number of images; 0: none does."""
    size = len(batch) // 2
    while size and not _fits(attempt, batch.first(size)):
        size //= 2
    return size


def _fits(attempt: Callable[[Any], object], batch: Any) -> bool:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    try:
        attempt(batch)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return False
    return True


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says, in one of its several ways, that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)

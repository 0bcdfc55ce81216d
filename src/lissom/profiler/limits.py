"""What this machine can do at best: multiply-accumulates and bytes for each second, and the least time of an operator.

Measured in about three seconds and kept in the cache folder, one file for each machine, torch version and thread count.
Memory is not one speed: small operands stay in caches, so bandwidth is measured at several sizes.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from lissom.atomic import write_atomic
from lissom.config import cache_folder
from lissom.data.rooms import make_room
from lissom.errors import MachineError
from lissom.plain import to_json
from lissom.profiler.clocks import wait_for
from lissom.profiler.machine import Machine, machine

MATRIX_SIDES = {"cpu": (768, 1024, 1536), "other": (2048, 4096, 8192)}
MEBIBYTE = 2**20
TRIAD_BYTES = (1 * MEBIBYTE, 4 * MEBIBYTE, 16 * MEBIBYTE, 64 * MEBIBYTE, 768 * MEBIBYTE)
"""Of all three arrays together; the last is larger than the last-level caches of 2026, 480 MiB included."""
SECONDS = 0.3  # for each figure
LEAST_CALLS = 3
FORMAT = 1  # of the file; a change of what is measured makes old ones invalid


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The best of several calls each, in float32."""

    macs_per_second: float  # a matrix product; twice that in floating-point operations
    bandwidths: tuple[tuple[int, float], ...]  # (bytes of all operands, bytes a second), read and written, a = b + s c
    operator_us: float  # one operator on one number
    convolution_us: float  # one convolution of one pixel

    def __post_init__(self) -> None:
        if not self.bandwidths:
            raise ValueError("bandwidths are missing")

    def bandwidth(self, moved: float) -> float:
        """Bytes a second for operands of `moved` bytes in all: that of the next larger size measured."""
        return next((speed for size, speed in self.bandwidths if moved <= size), self.bandwidths[-1][1])

    @property
    def memory_bandwidth(self) -> float:
        """Bytes a second from main memory: the largest operands'."""
        return self.bandwidths[-1][1]

    @property
    def balance(self) -> float:
        """MACs that each byte from main memory must serve to keep the arithmetic busy."""
        return self.macs_per_second / self.memory_bandwidth

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON, with the two that are derived."""
        own = asdict(self) | {"bandwidths": [list(pair) for pair in self.bandwidths]}
        return own | {"memory_bandwidth": self.memory_bandwidth, "balance": self.balance}


def from_dict(values: Mapping[str, Any]) -> Limits:
    """What `to_dict` gave."""
    return Limits(
        macs_per_second=values["macs_per_second"],
        bandwidths=tuple((size, speed) for size, speed in values["bandwidths"]),
        operator_us=values["operator_us"],
        convolution_us=values["convolution_us"],
    )


def limits(device: torch.device, *, cache_dir: str | None = None, refresh: bool = False) -> Limits:
    """The limits with torch's threads as they are set now; from the cache, once they have been measured.

    refresh: measure again and keep the better of both figures, as a busy machine shows less than it can do.
    """
    here = machine(device)
    file = _file(here, cache_dir)
    kept = _read(file)
    if kept is not None and not refresh:
        return kept
    found = measure_limits(device)
    found = found if kept is None else better(kept, found)
    _write(file, here, found)
    return found


def better(one: Limits, other: Limits) -> Limits:
    """The best of both, figure by figure; the sizes are those of `other`."""
    before = dict(one.bandwidths)
    return Limits(
        macs_per_second=max(one.macs_per_second, other.macs_per_second),
        bandwidths=tuple((size, max(speed, before.get(size, 0.0))) for size, speed in other.bandwidths),
        operator_us=min(one.operator_us, other.operator_us),
        convolution_us=min(one.convolution_us, other.convolution_us),
    )


def measure_limits(device: torch.device) -> Limits:
    """Measures now, in about three seconds."""
    sides = MATRIX_SIDES["cpu" if device.type == "cpu" else "other"]
    with torch.inference_mode():
        return Limits(
            macs_per_second=max(_matrix_speed(side, device) for side in sides),
            bandwidths=tuple((size, _triad_speed(size, device)) for size in TRIAD_BYTES),
            operator_us=_operator_seconds(device) * 1e6,
            convolution_us=_convolution_seconds(device) * 1e6,
        )


def _matrix_speed(side: int, device: torch.device) -> float:
    left, right = torch.rand(2, side, side, device=device)
    out = torch.empty_like(left)
    return side**3 / _best(lambda: torch.mm(left, right, out=out), device)


def _triad_speed(size: int, device: torch.device) -> float:
    """STREAM's triad: two arrays read, one written."""
    count = size // (3 * 4)
    b, c = torch.rand(2, count, device=device)
    a = torch.zeros(count, device=device)
    return 3 * 4 * count / _best(lambda: torch.add(b, c, alpha=1.5, out=a), device)


def _operator_seconds(device: torch.device) -> float:
    one = torch.ones(1, device=device)
    return _best(lambda: [torch.relu(one) for _ in range(100)], device) / 100


def _convolution_seconds(device: torch.device) -> float:
    x, weight = torch.ones(1, 8, 1, 1, device=device), torch.ones(8, 8, 1, 1, device=device)
    return _best(lambda: [torch.conv2d(x, weight) for _ in range(100)], device) / 100


def _best(call: Callable[[], object], device: torch.device) -> float:
    """Seconds of the fastest call: a limit is what nothing has disturbed."""
    call()
    best, started, calls = float("inf"), time.perf_counter(), 0
    while calls < LEAST_CALLS or time.perf_counter() - started < SECONDS:
        wait_for(device)
        start = time.perf_counter()
        call()
        wait_for(device)
        best, calls = min(best, time.perf_counter() - start), calls + 1
    return best


def _file(here: Machine, cache_dir: str | None) -> Path:
    key = to_json([FORMAT, here.to_dict()], sort_keys=True)
    return cache_folder(cache_dir) / "limits" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


def _read(file: Path) -> Limits | None:
    """What was kept, or None where there is nothing or it is damaged: measuring again costs seconds."""
    try:
        return from_dict(json.loads(file.read_text(encoding="utf-8"))["limits"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, here: Machine, found: Limits) -> None:
    """Keeps it where that is possible; a cache folder that cannot be written costs time, no result."""
    with contextlib.suppress(MachineError):
        make_room(file.parent)
        write_atomic(file, to_json({"machine": here.to_dict(), "limits": found.to_dict()}))

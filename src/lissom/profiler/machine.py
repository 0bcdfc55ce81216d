"""What a latency holds for: the machine, torch and its threads. Times with different fingerprints do not compare."""

import dataclasses
import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lissom.device import usable_cores
from lissom.runs.environment import cpu_model, memory_gb
from lissom.timing.harness import Latency

MACHINE_ID = Path("/etc/machine-id")  # Linux; elsewhere the other fields must tell machines apart
BUSY = 0.7  # share of the wall time from which a thread is taken to have had its core for itself


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Everything besides the network that was seen to move a latency."""

    id: str  # first digits of a hash of the system's own id; "" where it has none
    cpu: str
    cores: int  # that this process may use
    memory_gb: float | None
    system: str
    torch: str
    device: str  # "cpu", or the accelerator's name
    threads: int  # of torch
    omp_wait_policy: str  # OMP_WAIT_POLICY, or "unset"
    spin_count: str  # GOMP_SPINCOUNT, or "unset"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dataclasses.asdict(self)


def machine(device: torch.device) -> Machine:
    """This machine as torch is set now."""
    return Machine(
        id=_machine_id(),
        cpu=cpu_model(),
        cores=usable_cores(),
        memory_gb=memory_gb(),
        system=f"{platform.system()} {platform.machine()}",
        torch=torch.__version__,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        threads=torch.get_num_threads(),
        omp_wait_policy=os.environ.get("OMP_WAIT_POLICY", "unset"),
        spin_count=os.environ.get("GOMP_SPINCOUNT", "unset"),
    )


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Fields in which two fingerprints differ, with both values; empty: their times compare."""
    keys = [*one, *(key for key in other if key not in one)]
    return {key: (one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key)}


def waits_passively(wait_policy: str, threads: int) -> bool:
    """Whether OpenMP sleeps between operators: at batch 1 on more threads than one that costs more than any layer."""
    return wait_policy.strip().upper() == "PASSIVE" and threads > 1


def is_disturbed(latency: Latency, here: Machine) -> bool:
    """Whether other programs held the core: one thread that computes for less than `BUSY` of the time that it takes."""
    return here.threads == 1 and here.device == "cpu" and latency.cpu_ms < BUSY * latency.median_ms


def _machine_id() -> str:
    try:
        own = MACHINE_ID.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return hashlib.sha256(own.encode()).hexdigest()[:12] if own else ""

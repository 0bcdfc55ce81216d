"""What to know about the machine and the software behind a result: env.json, and `lissom env`."""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lissom.device import usable_cores

PACKAGES = (
    "lissom", "torch", "torchvision", "lightning-fabric", "numpy", "pillow", "scikit-learn", "matplotlib",
    "onnx", "onnxscript", "onnxruntime", "safetensors", "pyyaml", "rich",
)  # fmt: skip
GIT_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Commit:
    """Where a repository stood."""

    commit: str
    dirty: bool
    """Whether files differed from it."""


@dataclass(frozen=True, kw_only=True)
class Torch:
    """How torch was built and set."""

    threads: int
    cuda: str | None
    gpus: tuple[str, ...]
    mps: bool
    cpu_capability: str


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What env.json of a run holds, with the seed and the digest of its data."""

    python: str
    platform: str
    cpu: str
    cores: int
    memory_gb: float | None = None
    packages: dict[str, str | None]
    """Versions; None: not installed."""
    git: Commit | None = None
    torch: Torch | None = None
    seed: int | None = None
    data_digest: str | None = None


def environment(*, folder: Path | str = ".", ask_torch: bool = True) -> dict[str, Any]:
    """Plain values: python, platform, cpu, memory, packages, git of `folder`, and torch's threads, build and GPUs.

    With `ask_torch=False` torch is asked only if it has been imported already, as importing it takes seconds.
    """
    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "memory_gb": memory_gb(),
        "packages": {name: _version(name) for name in PACKAGES},
        "git": git(folder),
    }
    if ask_torch or "torch" in sys.modules:
        facts["torch"] = _torch()
    return facts


def cpu_model() -> str:
    """The processor's name as the system gives it, or its kind."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
        if names:
            return names[0]
    if sys.platform == "darwin":
        return _output(["sysctl", "-n", "machdep.cpu.brand_string"]) or platform.machine()
    return platform.processor() or platform.machine()


def memory_gb() -> float | None:
    """Main memory in 10^9 bytes, or None where the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return None


def git(folder: Path | str) -> dict[str, Any] | None:
    """The commit that `folder` stands at and whether files differ from it; None outside a repository."""
    commit = _output(["git", "-C", os.fspath(folder), "rev-parse", "HEAD"])
    if not commit:
        return None
    changes = _output(["git", "-C", os.fspath(folder), "status", "--porcelain", "--untracked-files=no"])
    return {"commit": commit, "dirty": bool(changes)}


def _output(command: list[str]) -> str | None:
    """What the program prints, or None when it is missing, fails or takes long."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _torch() -> dict[str, Any]:
    import torch

    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {
        "threads": torch.get_num_threads(),
        "cuda": torch.version.cuda,
        "gpus": gpus,
        "mps": torch.backends.mps.is_available(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }

"""The full training state on disk: written atomically, checked when it is read, the last two kept.

A file is called `step-00001234-<first 16 digits of its SHA-256>.pt`, so that one rename commits the content and the
proof that it is whole.
"""

import hashlib
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from lissom.atomic import write_atomic
from lissom.errors import DataError

CHECKPOINT_FORMAT = 1
KEPT = 2
NAME = re.compile(r"step-(\d{8})-([0-9a-f]{16})\.pt")


def save_checkpoint(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Writes `state` as the checkpoint after `step` steps and removes all but the last two.

    Raises: MachineError when the disk is full; what was saved before is then untouched.
    """
    buffer = io.BytesIO()
    torch.save(state | {"format": CHECKPOINT_FORMAT}, buffer)
    content = buffer.getvalue()
    path = folder / _name(step, content)
    folder.mkdir(exist_ok=True)
    write_atomic(path, content)
    for old in checkpoints(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in `folder`, the newest first."""
    paths = [path for path in folder.glob("step-*.pt") if NAME.fullmatch(path.name)]
    return sorted(paths, key=lambda path: (step_of(path), path.stat().st_mtime_ns), reverse=True)


def step_of(path: Path) -> int:
    """Steps finished at the checkpoint `path`, from its name."""
    match = NAME.fullmatch(path.name)
    assert match, f"{path.name} is no checkpoint's name"
    return int(match[1])


def newest(folder: Path) -> int:
    """Steps finished at the newest checkpoint in `folder`, going by its name alone; 0 when there is none."""
    paths = checkpoints(folder)
    return step_of(paths[0]) if paths else 0


def newest_sound(folder: Path, *, on_damaged: Callable[[Path], None]) -> Path | None:
    """The newest checkpoint that is whole, or None where there is none at all.

    A damaged one is given to `on_damaged` and renamed to `*.damaged`, so that it no longer counts among the last two.
    Raises: DataError when all are damaged.
    """
    damaged = []
    for path in checkpoints(folder):
        if path.name == _name(step_of(path), path.read_bytes()):
            return path
        on_damaged(path)
        damaged.append(path.name)
        os.replace(path, path.with_suffix(".damaged"))
    if damaged:
        raise DataError("checkpoints-all-damaged", folder=folder, names=", ".join(damaged))
    return None


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a sound checkpoint, tensors on the CPU. Raises: DataError where another version wrote it, or
    something else, whose name is right all the same."""
    try:
        state = torch.load(io.BytesIO(path.read_bytes()), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises nearly every kind
        called = re.search(r"GLOBAL [\w.]+", str(error))
        reason = called[0] if called else (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise DataError("run-file-damaged", path=path, reason=reason) from error
    if not isinstance(state, dict) or "format" not in state:
        raise DataError("run-file-damaged", path=path, reason=f"{type(state).__name__}, not a training state")
    got = state.pop("format")
    if got != CHECKPOINT_FORMAT:
        raise DataError("checkpoint-format-unknown", path=path, got=got, expected=CHECKPOINT_FORMAT)
    return state


def _name(step: int, content: bytes) -> str:
    return f"step-{step:08d}-{hashlib.sha256(content).hexdigest()[:16]}.pt"

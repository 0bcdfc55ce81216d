"""Peak resident memory of inference, in a process of its own: what a network adds to a Python that has torch loaded.

In the process that asks, the high-water mark would be that of everything that was ever done there.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lissom.plain import to_json

MINUTES = 5
FORWARDS = 2  # the first may still grow buffers


def resident(
    model: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None, *, threads: int
) -> dict[str, Any]:
    """`bytes` above those that Python and torch take, or None and the `reason`: a class that cannot be imported, say.

    The weights are counted, and what the libraries rearrange and keep of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.pt"
        try:
            torch.save((model, list(args), dict(kwargs or {})), file)
        except Exception as error:  # whatever a stranger's module says to being pickled
            return {"bytes": None, "reason": f"{type(error).__name__}: {error}".splitlines()[0]}
        command = [sys.executable, "-m", "lissom.profiler.resident", str(file), str(threads)]
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=60 * MINUTES,
                check=False,
                env={**os.environ, "PYTHONPATH": path},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return {"bytes": None, "reason": type(error).__name__}
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return {"bytes": None, "reason": lines[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def peak_rss() -> int | None:
    """The most memory that this process has held, in bytes; None where the system does not say.

    On Linux not `ru_maxrss`: a new program inherits that figure from the process that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(lines[0].split()[1]) * 1024 if lines else None
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: in bytes


def reset_peak_rss() -> None:
    """Makes the high-water mark what is held now, where the system lets a process do so."""
    mark = Path("/proc/self/clear_refs")
    if mark.exists():
        mark.write_text("5")


def _measure(file: str, threads: int) -> dict[str, Any]:
    torch.set_num_threads(threads)
    with torch.inference_mode():
        torch.conv2d(torch.ones(1, 8, 8, 8), torch.ones(8, 8, 3, 3))  # the libraries' own start is no network's
        reset_peak_rss()
        before = peak_rss()
        # Our own file, written a moment ago: nothing in it comes from a stranger.
        model, args, kwargs = torch.load(file, weights_only=False)
        model.eval()
        for _ in range(FORWARDS):
            model(*args, **kwargs)
    after = peak_rss()
    if before is None or after is None:
        return {"bytes": None, "reason": "this system does not say"}
    return {"bytes": after - before, "reason": None}


if __name__ == "__main__":
    print(to_json(_measure(sys.argv[1], int(sys.argv[2])), indent=None))

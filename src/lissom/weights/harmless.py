"""Types beside tensors that training checkpoints hold, and whose unpickling runs nothing but their own constructor."""

import argparse
import datetime
import pathlib
import types
from typing import Any

import numpy as np

MAKERS = {"scalar": np.float64().__reduce__()[0], "_reconstruct": np.zeros(1).__reduce__()[0]}  # NumPy's own functions
FACTORIES = (int, float, str, bool, list, dict, tuple)  # of a defaultdict
PATHS = {"PosixPath": pathlib.PurePosixPath, "WindowsPath": pathlib.PureWindowsPath}  # readable on every system
DTYPES = tuple(dict.fromkeys(type(np.dtype(code)) for code in "?bhilqBHILQefdgFDGSUO"))


def _plain(_factory: Any = None) -> dict[Any, Any]:
    """In the place of a defaultdict, which torch does not fill."""
    return {}


HARMLESS: list[Any] = [
    argparse.Namespace,
    types.SimpleNamespace,
    (_plain, "collections.defaultdict"),
    *FACTORIES,
    *(getattr(datetime, name) for name in ("datetime", "date", "time", "timedelta", "timezone")),
    *((kind, f"{module}.{name}") for module in ("pathlib", "pathlib._local") for name, kind in PATHS.items()),
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
    np.dtype,
    np.ndarray,
    *DTYPES,
    # by both names that NumPy's core has had
    *((make, f"numpy.{core}.multiarray.{name}") for core in ("core", "_core") for name, make in MAKERS.items()),
]

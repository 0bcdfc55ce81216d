"""Types beside tensors that training checkpoints hold, and whose unpickling runs nothing but their own constructor."""

import argparse
import datetime
import pathlib
import types
from typing import Any

from lissom.data.plain_pickle import PickledArray, PickledType, pickled_scalar

MAKERS = {"scalar": pickled_scalar, "_reconstruct": PickledArray}  # not NumPy's, which take a file's bytes for pointers
FACTORIES = (int, float, str, bool, list, dict, tuple)  # of a defaultdict
PATHS = {"PosixPath": pathlib.PurePosixPath, "WindowsPath": pathlib.PureWindowsPath}  # readable on every system


def _plain(_factory: Any = None) -> dict[Any, Any]:
    """In the place of a defaultdict, which torch does not fill."""
    return {}


def _no_array(*_given: Any) -> None:
    """In the place of `numpy.ndarray`, which `_reconstruct` is given."""


HARMLESS: list[Any] = [
    argparse.Namespace,
    types.SimpleNamespace,
    (_plain, "collections.defaultdict"),
    *FACTORIES,
    *(getattr(datetime, name) for name in ("datetime", "date", "time", "timedelta", "timezone")),
    *((kind, f"{module}.{name}") for module in ("pathlib", "pathlib._local") for name, kind in PATHS.items()),
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
    (PickledType, "numpy.dtype"),
    (_no_array, "numpy.ndarray"),
    # by both names that NumPy's core has had
    *((make, f"numpy.{core}.multiarray.{name}") for core in ("core", "_core") for name, make in MAKERS.items()),
]

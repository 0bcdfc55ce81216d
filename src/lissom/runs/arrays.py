"""Files of NumPy's arrays, .npz: what is in them is known from their headers before anything is made of it."""

import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.bounds import open_regular, require_room
from lissom.errors import DataError, LissomError

DAMAGED = (
    OSError, ValueError, LookupError, EOFError, RuntimeError, OverflowError, TypeError, SyntaxError, struct.error,
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, tokenize.TokenError,
)  # fmt: skip
Shape = tuple[int, ...]
Kinds = Mapping[str, tuple[str, int]]
"""By name NumPy's letters of the types that an array may have, `f` or `iu`, and its number of axes."""


class Arrays:
    """The arrays of an open file. `heads`: shape and type of each by its name."""

    def __init__(self, archive: np.lib.npyio.NpzFile, path: Path) -> None:
        self._archive, self._path = archive, path
        self.heads = {name: _head(archive, name) for name in archive.files}

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One array, in memory. Raises: DataError, MachineError for one that is too large."""
        shape, kind = self.heads[name]
        require_room(self._path, math.prod(shape) * kind.itemsize)
        return self._archive[name]


@contextmanager
def open_arrays(path: Path) -> Iterator[Arrays]:
    """The file, of which no object is unpickled. Raises: one of `DAMAGED` for a damaged one."""
    with open_regular(path) as file:  # np.load would leave a damaged one open
        if not zipfile.is_zipfile(file):
            raise zipfile.BadZipFile("no zip archive")
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            yield Arrays(archive, path)


def read_arrays(
    path: Path,
    needed: Kinds | None = None,
    optional: Kinds | None = None,
    *,
    error: str = "run-file-damaged",
    **told: Any,
) -> dict[str, NDArray[Any]]:
    """The arrays that a file of ours must have, and those that it may have; needed: None: all that there are.

    Raises: DataError of the kind `error`, which `told` belongs to, for a damaged file and for an array of another type
    or number of axes.
    """
    try:
        with open_arrays(path) as arrays:
            if needed is None:
                return {name: arrays[name] for name in arrays.heads}
            return {
                name: _fitting(arrays, name, *kind)
                for name, kind in {**needed, **(optional or {})}.items()
                if name in needed or name in arrays.heads
            }
    except LissomError:
        raise
    except DAMAGED as reason:
        said = str(reason).strip("'") or type(reason).__name__
        raise DataError(error, path=path, reason=said, **told) from reason


def _fitting(arrays: Arrays, name: str, kinds: str, axes: int) -> NDArray[Any]:
    if name not in arrays.heads:
        raise ValueError(f"{name} is missing")
    shape, kind = arrays.heads[name]
    if kind.kind not in kinds or len(shape) != axes:
        raise ValueError(f"{name} is {kind} with {len(shape)} axes")
    return arrays[name]


def _head(archive: np.lib.npyio.NpzFile, name: str) -> tuple[Shape, np.dtype]:
    with archive.zip.open(f"{name}.npy") as file:  # type: ignore[union-attr]
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = read(file)
        return shape, kind

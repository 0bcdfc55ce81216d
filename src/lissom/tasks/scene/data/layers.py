"""What a file holds before it is a scene: one array, with what its format knows of it; and NumPy's own formats."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.messages import text
from lissom.tasks.scene.data.scene import Colour, Georeference, Mask

LISTED = 8  # candidates in one sentence

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """An array H W bands or H W as read, and the facts that came with it."""

    values: NDArray
    variable: str = ""
    wavelengths_nm: NDArray[np.float64] | None = None
    good_bands: Mask | None = None
    no_data: float | None = None
    georeference: Georeference | None = None
    class_names: Mapping[int, str] = field(default_factory=dict)
    colours: Mapping[int, Colour] = field(default_factory=dict)


def choose(arrays: Mapping[str, Shape], *, rank: int, named: str | None, extent: Shape | None, path: Path | str) -> str:
    """The one array among `found` that is meant: the one `named`, else the only one of `rank` axes (H W, H W bands).

    extent: H W of the cube, which settles the choice between several maps. A map may come as H W 1.
    Raises: DataError for a name that is not there, for no candidate, and for several, which are listed.
    """
    if named is not None:
        if named not in arrays:
            raise DataError("scene-variable-unknown", path=path, got=named, known=_described(arrays))
        return named
    fitting = {name: shape for name, shape in arrays.items() if _fits(shape, rank)}
    if extent is not None and len(fitting) > 1:
        fitting = {name: shape for name, shape in fitting.items() if shape[:2] == extent} or fitting
    if not fitting:
        kind = "scene-no-cube" if rank == 3 else "scene-no-map"
        raise DataError(kind, path=path, found=_described(arrays))
    if len(fitting) > 1:
        raise DataError("scene-several", path=path, candidates=_described(fitting))
    return next(iter(fitting))


def _fits(shape: Shape, rank: int) -> bool:
    if rank == 2 and len(shape) == 3 and shape[2] == 1:
        return True
    return len(shape) == rank and (rank == 3 or min(shape) > 1)  # 1 x N arrays are lists of names or wavelengths


def _described(arrays: Mapping[str, Shape]) -> str:
    words = [f"{name} ({' x '.join(map(str, shape)) or '1'})" for name, shape in arrays.items()]
    more = f", +{len(words) - LISTED}" if len(words) > LISTED else ""
    return (", ".join(words[:LISTED]) + more) or text("scenes.nothing")


def as_cube(layer: Layer, path: Path | str) -> NDArray:
    """The layer's values as a cube H W bands. Raises: DataError for what is not real numbers, or has no three axes."""
    values = _real(layer, path)
    if values.ndim != 3 or not values.size:
        raise DataError("scene-no-cube", path=path, found=_described({layer.variable or "array": values.shape}))
    return values


def as_map(layer: Layer, path: Path | str, *, unlabelled: int) -> NDArray[np.integer]:
    """The layer's values as ids H W, NaN being unlabelled. Raises: DataError for what is not whole numbers H W."""
    values = _real(layer, path)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim != 2 or not values.size:
        raise DataError("scene-no-map", path=path, found=_described({layer.variable or "array": values.shape}))
    if np.issubdtype(values.dtype, np.floating):
        values = np.where(np.isnan(values), unlabelled, values)
        broken = values[values != np.round(np.clip(values, -(2.0**31), 2.0**31))]
        if len(broken):
            raise DataError("scene-not-whole", path=path, got=f"{broken[0]:g}")
        return values.astype(np.int64)
    return values.astype(np.uint8) if values.dtype == bool else np.array(values, values.dtype.newbyteorder("="))


def _real(layer: Layer, path: Path | str) -> NDArray:
    """The values, if they are real numbers."""
    if layer.values.dtype.kind not in "iufb":
        raise DataError("scene-not-numeric", path=path, name=layer.variable or "array", got=str(layer.values.dtype))
    return layer.values


def read_npy(path: Path) -> Layer:
    """An .npy file, memory-mapped. Raises: DataError for a damaged one, or one of Python objects."""
    try:
        return Layer(values=np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        raise DataError("scene-unreadable", path=path, reason=first_line(error)) from error


def read_npz(path: Path, *, rank: int, named: str | None, extent: Shape | None) -> Layer:
    """One array of an .npz archive, in memory. Raises: DataError as `choose`, and for damaged archives."""
    try:
        with path.open("rb") as file, np.load(_zipped(file), allow_pickle=False) as archive:  # load would leave it open
            arrays = {name: _npz_shape(archive, name) for name in archive.files}
            name = choose(arrays, rank=rank, named=named, extent=extent, path=path)
            return Layer(values=archive[name], variable=name)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError("scene-unreadable", path=path, reason=first_line(error)) from error


def _zipped(file: IO[bytes]) -> IO[bytes]:
    if not zipfile.is_zipfile(file):
        raise zipfile.BadZipFile("no zip archive")
    file.seek(0)
    return file


def _npz_shape(archive: np.lib.npyio.NpzFile, name: str) -> Shape:
    """The shape of an entry from its header alone."""
    with archive.zip.open(f"{name}.npy") as file:  # type: ignore[union-attr]
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        return read(file)[0]


def first_line(error: BaseException) -> str:
    """An error's message as a clause."""
    return " ".join(str(error).split())[:160] or type(error).__name__

"""What a file holds before it is a scene: one array, with what its format knows of it; and NumPy's own formats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError, LissomError
from lissom.events import Note
from lissom.runs.arrays import DAMAGED, open_arrays
from lissom.tasks.scene.data.pixel_rows import extent_beside, tables, unrolled
from lissom.tasks.scene.data.scale import Said
from lissom.tasks.scene.data.scene import Colour, Georeference, Mask
from lissom.tasks.scene.data.shapes import Shape, choose, described
from lissom.tasks.scene.data.wavelengths import beside


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
    scales: tuple[Said, ...] = ()
    """How the file gives the scale of its values, what counts first; not yet checked."""
    plain: bool = False
    """The format does not say in which order the axes stand."""
    notes: tuple[Note, ...] = ()
    """What is odd about the file."""

    def completed(self, known: Mapping[str, Any]) -> "Layer":
        """The layer with what is `known` besides, by field, where the file itself is silent."""
        unknown = [n for n in known if (own := getattr(self, n)) is None or (isinstance(own, dict | tuple) and not own)]
        return replace(self, **{name: known[name] for name in unknown})


def as_cube(layer: Layer, path: Path | str) -> NDArray:
    """The layer's values as a cube H W bands. Raises: DataError for what is not real numbers, or has no three axes."""
    values = _real(layer, path)
    if values.ndim != 3 or not values.size:
        raise DataError("scene-no-cube", path=path, found=described({layer.variable or "array": values.shape}))
    return values


def as_map(layer: Layer, path: Path | str, *, unlabelled: int) -> NDArray[np.integer]:
    """The layer's values as ids H W, NaN and its own no-data value being unlabelled. Raises: DataError for what is not
    whole numbers H W."""
    values = np.asarray(_real(layer, path))
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim != 2 or not values.size:
        raise DataError("scene-no-map", path=path, found=described({layer.variable or "array": values.shape}))
    if layer.no_data not in (None, unlabelled):
        values = _without(values, float(layer.no_data), unlabelled)
    if np.issubdtype(values.dtype, np.floating):
        values = np.where(np.isnan(values), unlabelled, values)
        broken = values[values != np.round(np.clip(values, -(2.0**31), 2.0**31))]
        if len(broken):
            raise DataError("scene-not-whole", path=path, got=f"{broken[0]:g}")
        return values.astype(np.int64)
    return values.astype(np.uint8) if values.dtype == bool else np.array(values, values.dtype.newbyteorder("="))


def _without(values: NDArray, no_data: float, unlabelled: int) -> NDArray:
    """The values with `unlabelled` in the place of `no_data`, in a type that has both."""
    there = values == no_data
    if not there.any():
        return values
    kind = np.promote_types(values.dtype, np.min_scalar_type(unlabelled))
    return np.where(there, np.array(unlabelled, kind), values.astype(kind))


def _real(layer: Layer, path: Path | str) -> NDArray:
    """The values, if they are real numbers."""
    if layer.values.dtype.kind not in "iufb":
        raise DataError("scene-not-numeric", path=path, name=layer.variable or "array", got=str(layer.values.dtype))
    return layer.values


def read_npy(path: Path) -> Layer:
    """An .npy file, memory-mapped. Raises: DataError for a damaged one, or one of Python objects."""
    try:
        return Layer(values=np.load(path, mmap_mode="r", allow_pickle=False), plain=True)
    except DAMAGED as error:
        raise DataError("scene-unreadable", path=path, reason=first_line(error)) from error


def read_npz(path: Path, *, rank: int, named: str | None, extent: Shape | None) -> Layer:
    """One array of an .npz archive, in memory. Raises: DataError as `choose`, and for damaged archives."""
    try:
        with open_arrays(path) as arrays:
            shapes = {name: shape for name, (shape, _) in arrays.heads.items()}
            return picked(shapes, arrays.__getitem__, rank=rank, named=named, extent=extent, path=path)
    except LissomError:
        raise
    except DAMAGED as error:
        raise DataError("scene-unreadable", path=path, reason=first_line(error)) from error


def picked(
    arrays: Mapping[str, Shape],
    get: Callable[[str], NDArray],
    *,
    rank: int,
    named: str | None,
    extent: Shape | None,
    path: Path,
    order: str = "C",
) -> Layer:
    """The array that is meant, got by its name; a table of spectra as the cube that it is, its pixels in `order`.

    Raises: DataError as `choose`.
    """
    sides = extent_beside(arrays, get) if rank == 3 else None
    unrolls = tables(arrays, sides) if sides else {}
    name = choose({**arrays, **unrolls}, rank=rank, named=named, extent=extent, path=path)
    shape = unrolls.get(name) or arrays[name]
    nm = beside(arrays, get, (shape[0], shape[-1])) if len(shape) == 3 else None
    if not sides or name not in unrolls:
        return Layer(values=get(name), variable=name, wavelengths_nm=nm, plain=True)
    cube, told = unrolled(np.asarray(get(name)), sides, order=order, name=name)
    return Layer(values=cube, variable=name, wavelengths_nm=nm, notes=(told,))


def first_line(error: BaseException) -> str:
    """An error's message as a clause."""
    return " ".join(str(error).split())[:160] or type(error).__name__

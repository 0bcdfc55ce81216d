"""MATLAB files: version 5 through scipy, version 7.3 (HDF5) through h5py. Only the array that is wanted is read."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.tasks.scene.data.layers import Layer, Shape, choose, first_line

NUMBERS = ("double", "single", "logical", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))


def read_mat(path: Path, *, rank: int, named: str | None, extent: Shape | None) -> Layer:
    """The array of `rank` axes in a MATLAB or HDF5 file: the one `named`, else the only one that fits.

    Raises: DataError for damaged files, several candidates (listed) or none.
    """
    import h5py

    try:
        reader = _read_73 if h5py.is_hdf5(path) else _read_5
        return reader(path, rank, named, extent)
    except DataError:
        raise
    except Exception as error:  # both readers raise nearly every kind on damaged bytes
        raise DataError("scene-unreadable", path=path, reason=first_line(error)) from error


def _read_5(path: Path, rank: int, named: str | None, extent: Shape | None) -> Layer:
    from scipy.io import loadmat, whosmat

    kinds = {name: (shape, kind) for name, shape, kind in whosmat(str(path))}
    name = _chosen(kinds, rank, named, extent, path)
    return Layer(values=loadmat(str(path), variable_names=[name])[name], variable=name)


def _read_73(path: Path, rank: int, named: str | None, extent: Shape | None) -> Layer:
    """MATLAB writes its axes in reverse, so its arrays are transposed; other programs' HDF5 is as it says."""
    import h5py

    with h5py.File(path, "r") as file:
        kinds: dict[str, tuple[Shape, str]] = {}

        def note(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset) and not name.startswith("#"):  # '#refs#' holds the insides of cells
                kinds[name] = (_matlab_shape(item), _kind(item))

        file.visititems(note)
        name = _chosen(kinds, rank, named, extent, path)
        data = file[name]
        assert isinstance(data, h5py.Dataset)
        values = _values(data, path)
        return Layer(values=values.transpose() if _from_matlab(data) else values, variable=name)


def _values(data: Any, path: Path) -> NDArray:
    """The numbers of a data set; a memory map where they lie in one piece, as they do without compression."""
    if data.chunks is None and data.id.get_offset() is not None and data.dtype.kind in "iuf" and data.size:
        return np.memmap(path, data.dtype, "r", data.id.get_offset(), data.shape)
    return data[()]


def _chosen(kinds: dict[str, tuple[Shape, str]], rank: int, named: str | None, extent: Shape | None, path: Path) -> str:
    """`choose` among the arrays of numbers; a name may be that of any array, so that its own error can be told."""
    numeric = {name: shape for name, (shape, kind) in kinds.items() if kind in NUMBERS}
    everything = {name: shape for name, (shape, _) in kinds.items()}
    name = choose(everything if named in everything else numeric, rank=rank, named=named, extent=extent, path=path)
    if name not in numeric:
        raise DataError("scene-not-numeric", path=path, name=name, got=kinds[name][1])
    return name


def _from_matlab(data: Any) -> bool:
    return "MATLAB_class" in data.attrs


def _matlab_shape(data: Any) -> Shape:
    return data.shape[::-1] if _from_matlab(data) else data.shape


def _kind(data: Any) -> str:
    """MATLAB's word for what is in a data set: "double", "char", "cell"..."""
    said = data.attrs.get("MATLAB_class")
    if said is not None:
        return said.decode() if isinstance(said, bytes) else str(said)
    if data.dtype.kind == "f":
        return "single" if data.dtype.itemsize <= 4 else "double"
    return data.dtype.name if data.dtype.kind in "iu" else "logical" if data.dtype.kind == "b" else str(data.dtype)

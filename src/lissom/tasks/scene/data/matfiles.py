"""MATLAB files: version 5 through scipy, version 7.3 (HDF5) through h5py. Only the array that is wanted is read.

What lies in structs and cells has names of several parts, as MATLAB writes them: `hsi.Data`, `cells{2}`; in HDF5 the
parts of a struct may be joined by strokes too.
"""

import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.bounds import require_room
from lissom.errors import DataError, LissomError
from lissom.tasks.scene.data.layers import Layer, first_line, picked
from lissom.tasks.scene.data.prisma import is_prisma, read_prisma
from lissom.tasks.scene.data.shapes import Shape, spelled

NUMBERS = ("double", "single", "logical", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
HOLDERS = ("struct", "cell")
VERSION_5, PACKED = 128, 15  # bytes of the header, and the type of an element that holds another one compressed
WIDEST = 16  # bytes of one complex number
ITEMSIZE = {"logical": 1} | {f"{sign}int{bits}": bits // 8 for sign in ("", "u") for bits in (8, 16, 32, 64)}


def read_mat(path: Path, *, rank: int, named: str | None, extent: Shape | None) -> Layer:
    """The array of `rank` axes in a MATLAB or HDF5 file: the one `named`, else the only one that fits.

    Raises: DataError for damaged files, several candidates (listed) or none.
    """
    import h5py

    try:
        reader = _read_73 if h5py.is_hdf5(path) else _read_5
        return reader(path, rank, named, extent)
    except LissomError:
        raise
    except Exception as error:  # both readers raise nearly every kind on damaged bytes
        raise DataError("scene-unreadable", path=path, reason=first_line(error)) from error


def _read_5(path: Path, rank: int, named: str | None, extent: Shape | None) -> Layer:
    """Structs and cells are loaded to see what is in them, the other variables not."""
    from scipy.io import loadmat, whosmat

    _require_small(path)
    kinds: dict[str, tuple[Shape, str]] = {name: (shape, kind) for name, shape, kind in whosmat(str(path))}
    holders = [name for name, (_, kind) in kinds.items() if kind in HOLDERS]
    loaded = loadmat(str(path), variable_names=holders) if holders else {}
    inside = {name: values for holder in holders for name, values in _inside(holder, loaded[holder])}
    kinds |= {name: (values.shape, _kind(values)) for name, values in inside.items()}

    def get(name: str) -> NDArray:
        if name in inside:
            return inside[name]
        require_room(path, math.prod(kinds[name][0]) * ITEMSIZE.get(kinds[name][1], WIDEST))
        return loadmat(str(path), variable_names=[name])[name]

    return picked(_numeric(kinds, named, path), get, rank=rank, named=named, extent=extent, path=path, order="F")


def _require_small(path: Path) -> None:
    """Raises: DataError for a packed variable of version 5 that says of itself that it is huge, a struct included."""
    with path.open("rb") as file:
        order = {b"IM": "<", b"MI": ">"}.get(file.read(VERSION_5)[-2:])
        while order and len(tag := file.read(8)) == 8:
            kind, held = struct.unpack(f"{order}II", tag)
            start = file.tell()
            if kind == PACKED:
                inside = zlib.decompressobj().decompress(file.read(min(held, 512)), 8)
                if len(inside) == 8:
                    require_room(path, struct.unpack(f"{order}II", inside)[1], packed=held)
            file.seek(start + held)


def _inside(name: str, value: Any) -> Iterator[tuple[str, NDArray]]:
    """The arrays in a struct or a cell, with their whole names."""
    value = np.asarray(value)
    if value.dtype.names:
        for number, record in enumerate(value.flatten(order="F")):
            owner = name if value.size == 1 else f"{name}({number + 1})"
            for field in value.dtype.names:
                yield from _inside(f"{owner}.{field}", record[field])
    elif value.dtype == object:
        for number, item in enumerate(value.flatten(order="F")):
            yield from _inside(f"{name}{{{number + 1}}}", item)
    else:
        yield name, value


def _read_73(path: Path, rank: int, named: str | None, extent: Shape | None) -> Layer:
    """MATLAB writes its axes in reverse, so its arrays are transposed; other programs' HDF5 is as it says."""
    import h5py

    with h5py.File(path, "r") as file:
        _require_whole(file, path)
        if rank == 3 and is_prisma(file, named):
            return read_prisma(file, named)
        found = dict(_data_sets(file, path))
        kinds = {name: (_matlab_shape(data), _kind(data)) for name, data in found.items()}

        def get(name: str) -> NDArray:
            values = _values(found[name], path)
            return values.transpose() if _from_matlab(found[name]) else values

        order = "F" if any(map(_from_matlab, found.values())) else "C"
        return picked(_numeric(kinds, named, path), get, rank=rank, named=named, extent=extent, path=path, order=order)


def _require_whole(file: Any, path: Path) -> None:
    """Raises: DataError for a file with parts in other files, which may be any of this machine."""
    import h5py

    elsewhere: dict[str, str] = {}

    def link(name: str, found: object) -> None:
        if isinstance(found, h5py.ExternalLink):
            elsewhere[name] = found.filename

    def item(name: str, found: object) -> None:
        if isinstance(found, h5py.Dataset) and found.external:
            elsewhere[name] = found.external[0][0]
        elif isinstance(found, h5py.Dataset) and found.is_virtual:
            elsewhere[name] = ", ".join(sorted({source.file_name for source in found.virtual_sources()})[:3])

    file.visititems_links(link)
    file.visititems(item)
    for name, other in elsewhere.items():
        raise DataError("scene-elsewhere", path=path, name=name, other=other)


def _data_sets(file: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Name and data set of all that an HDF5 file holds, cells opened."""
    import h5py

    held: list[tuple[str, Any]] = []

    def keep(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("#"):  # '#refs#' holds the insides of cells
            held.append((name, item))

    file.visititems(keep)
    for name, data in held:
        yield name, data
        if h5py.check_ref_dtype(data.dtype):
            require_room(path, data.nbytes)
            for number, reference in enumerate(data[()].flat):
                yield from _referred(f"{name}{{{number + 1}}}", file[reference])


def _referred(name: str, item: Any) -> Iterator[tuple[str, Any]]:
    """What a cell of an HDF5 file points to: an array, or a struct of arrays."""
    fields = {name: item} if hasattr(item, "dtype") else {f"{name}/{field}": item[field] for field in item}
    return ((whole, data) for whole, data in fields.items() if hasattr(data, "dtype"))


def _values(data: Any, path: Path) -> NDArray:
    """The numbers of a data set; a memory map where they lie in one piece, as they do without compression."""
    if data.chunks is None and data.id.get_offset() is not None and data.dtype.kind in "iuf" and data.size:
        return np.memmap(path, data.dtype, "r", data.id.get_offset(), data.shape)
    require_room(path, data.nbytes)
    return data[()]


def _numeric(kinds: Mapping[str, tuple[Shape, str]], named: str | None, path: Path) -> dict[str, Shape]:
    """The arrays of numbers. Raises: DataError for a name that is that of something else."""
    known = spelled(named, {name: shape for name, (shape, _) in kinds.items()}) if named else None
    if known and kinds[known][1] not in NUMBERS:
        raise DataError("scene-not-numeric", path=path, name=named, got=kinds[known][1])
    return {name: shape for name, (shape, kind) in kinds.items() if kind in NUMBERS}


def _from_matlab(data: Any) -> bool:
    return "MATLAB_class" in data.attrs


def _matlab_shape(data: Any) -> Shape:
    return data.shape[::-1] if _from_matlab(data) else data.shape


def _kind(data: Any) -> str:
    """MATLAB's word for what is in an array or a data set: "double", "char", "cell"..."""
    said = getattr(data, "attrs", {}).get("MATLAB_class")
    if said is not None:
        return said.decode() if isinstance(said, bytes) else str(said)
    if data.dtype.kind == "f":
        return "single" if data.dtype.itemsize <= 4 else "double"
    return data.dtype.name if data.dtype.kind in "iu" else "logical" if data.dtype.kind == "b" else str(data.dtype)

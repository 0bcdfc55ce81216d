"""A path or an array to a layer: its format by its name's ending, or by the header beside it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError, DataMissing
from lissom.tasks.scene.data.envi import read_envi, with_header
from lissom.tasks.scene.data.envi_files import HEADER, RAW_SUFFIXES, TIFF, header_of, pair
from lissom.tasks.scene.data.geotiff import read_geotiff
from lissom.tasks.scene.data.known import KNOWN
from lissom.tasks.scene.data.layers import Layer, read_npy, read_npz
from lissom.tasks.scene.data.matfiles import read_mat
from lissom.tasks.scene.data.shapes import Shape

MAT = (".mat", ".h5", ".hdf5", ".he5")
ENVI = (HEADER, *RAW_SUFFIXES[1:])
FORMATS = ".mat .h5 .he5 .npy .npz .hdr .img .dat .raw .bsq .bil .bip .tif"

Given = str | Path | NDArray


def read_layer(given: Given, *, rank: int, named: str | None = None, extent: Shape | None = None) -> Layer:
    """What a file or an array holds, as it is. Raises: DataError where nothing can be read."""
    if isinstance(given, np.ndarray):
        return Layer(values=given)
    path = Path(given)
    suffix = path.suffix.lower()
    if not path.is_file():
        raise DataMissing("scene-not-found", path=path, known=", ".join(KNOWN))
    if suffix in MAT:
        return read_mat(path, rank=rank, named=named, extent=extent)
    if suffix == ".npz":
        return read_npz(path, rank=rank, named=named, extent=extent)
    if suffix == ".npy":
        return read_npy(path)
    if suffix in TIFF:
        return _tiff(path, header_of(path))
    if suffix in ENVI or header_of(path):
        header, raw = pair(path)
        return _tiff(raw, header) if raw.suffix.lower() in TIFF else read_envi(path)
    raise DataError("scene-format", path=path, formats=FORMATS)


def _tiff(path: Path, header: Path | None) -> Layer:
    layer = read_geotiff(path)
    return with_header(layer, header) if header else layer

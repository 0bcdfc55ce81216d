"""A path or an array to a layer: its format by its name's ending, or by the header beside it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError, DataMissing
from lissom.tasks.scene.data.burning import read_shapes
from lissom.tasks.scene.data.envi import read_envi, with_header
from lissom.tasks.scene.data.envi_files import HEADER, RAW_SUFFIXES, TIFF, header_of, pair
from lissom.tasks.scene.data.geotiff import read_geotiff
from lissom.tasks.scene.data.images import IMAGES, read_image
from lissom.tasks.scene.data.known import KNOWN
from lissom.tasks.scene.data.layers import Layer, read_npy, read_npz
from lissom.tasks.scene.data.matfiles import read_mat
from lissom.tasks.scene.data.roi_text import ROI_TEXTS, read_roi
from lissom.tasks.scene.data.scene import Georeference
from lissom.tasks.scene.data.shapes import Shape
from lissom.tasks.scene.data.vectors import VECTORS

MAT = (".mat", ".h5", ".hdf5", ".he5")
ENVI = (HEADER, *RAW_SUFFIXES[1:])
FORMATS = ".mat .h5 .he5 .npy .npz .hdr .img .dat .raw .bsq .bil .bip .tif"
MAP_FORMATS = ".png .bmp .shp .gpkg .geojson .xml .txt"

Given = str | Path | NDArray


def read_layer(
    given: Given,
    *,
    rank: int,
    named: str | None = None,
    extent: Shape | None = None,
    where: Georeference | None = None,
    field: str | None = None,
) -> Layer:
    """What a file or an array holds, as it is. extent, where: of a map, H W and georeference of its cube; field: of
    shapes, the attribute with their classes. Raises: DataError where nothing can be read."""
    if isinstance(given, np.ndarray):
        return Layer(values=given, plain=True)
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
    if rank == 2 and suffix in IMAGES:
        return read_image(path)
    if rank == 2 and suffix in VECTORS:
        return read_shapes(path, layer=named, field=field, extent=extent, where=where)
    if rank == 2 and suffix in ROI_TEXTS:
        return read_roi(path, extent)
    if suffix in ENVI or header_of(path):
        header, raw = pair(path)
        return _tiff(raw, header) if raw.suffix.lower() in TIFF else read_envi(path)
    raise DataError("scene-format", path=path, formats=FORMATS if rank == 3 else f"{FORMATS} {MAP_FORMATS}")


def _tiff(path: Path, header: Path | None) -> Layer:
    layer = read_geotiff(path)
    return with_header(layer, header) if header else layer

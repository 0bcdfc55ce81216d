"""GeoTIFF, coordinates and shapes through rasterio (extra `geo`). The one file that imports rasterio."""

import importlib.util
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from lissom.bounds import require_unpacked
from lissom.errors import DataError, LissomError, UsageError
from lissom.tasks.scene.data.envi_fields import known_of
from lissom.tasks.scene.data.envi_header import Header, listed
from lissom.tasks.scene.data.layers import Layer, first_line
from lissom.tasks.scene.data.pieces import PIECE, PieceCube
from lissom.tasks.scene.data.scale import Line, Said
from lissom.tasks.scene.data.scene import Colour, Georeference, Mask

WAVELENGTH_TAGS = ("wavelength", "WAVELENGTH", "CENTRAL_WAVELENGTH_NM")
BAD_TAGS = ("bbl", "BBL", "bad_band_multiplier")
HEADER_TAGS = (
    "wavelength", "wavelength units", "bbl", "reflectance scale factor", "data gain values", "data offset values",
    "data reflectance gain values", "data reflectance offset values",
)  # fmt: skip
DRIVER = "GTiff"  # said, not guessed: GDAL takes the text of a VRT in a .tif too, which reads other files and hosts
OFFLINE = {"CPL_VSIL_CURL_ALLOWED_FILENAME": "none"}
CACHE = 8 << 20  # bytes of decoded tiles that the library keeps: it would take a twentieth of the memory
CLASS_TAG = "CLASS_"  # our own: `CLASS_10=Lettuce`, as the format has no field for names


def read_geotiff(path: Path) -> Layer:
    """A cube H W bands: memory-mapped where the file is one uncompressed piece, else read as it is asked for.

    Raises: UsageError where rasterio is missing, DataError for a damaged file.
    """
    rasterio = _rasterio()
    try:
        with _opened(rasterio, path) as file:
            return Layer(
                values=_mapped(file, path) if _in_one_piece(file) else _values(file, path),
                variable=path.stem,
                wavelengths_nm=_wavelengths(file),
                good_bands=_good_bands(file),
                no_data=None if file.nodata is None else float(file.nodata),
                georeference=_georeference(file),
                class_names=_class_names(file.tags()),
                colours=_colours(file),
                scales=_scales(file),
            ).completed(known_of(_header(file), file.count))
    except LissomError:
        raise
    except (rasterio.errors.RasterioError, rasterio.errors.RasterioIOError, ValueError, OSError) as error:
        raise DataError("scene-unreadable", path=path, reason=first_line(error)) from error


def geotiff_bytes(
    values: NDArray,
    *,
    georeference: Georeference | None,
    names: Mapping[int, str],
    colours: Mapping[int, Colour],
    no_data: float | None,
    compress: bool = True,
) -> bytes:
    """A map H W as the bytes of a GeoTIFF, with its colour table and names where there are any.

    compress: else one piece of little-endian values ends the file. Raises: UsageError where rasterio is missing.
    """
    rasterio = _rasterio()
    height, width = values.shape
    profile: dict[str, Any] = {"driver": DRIVER, "height": height, "width": width, "count": 1, "dtype": values.dtype}
    layout = {"compress": "deflate"} if compress else {"blockysize": height, "endianness": "little"}
    profile |= {"nodata": no_data, "bigtiff": "if_safer", **layout}
    if georeference:
        profile["transform"] = rasterio.Affine(*georeference.transform)
        profile["crs"] = rasterio.CRS.from_user_input(georeference.crs_wkt) if georeference.crs_wkt else None
    with _quiet(rasterio), rasterio.MemoryFile() as memory:
        with memory.open(**profile) as file:
            file.update_tags(**{f"{CLASS_TAG}{index}": name for index, name in names.items()})
            if colours and values.dtype == np.uint8:  # the format's colour tables have 256 lines
                file.write_colormap(1, {index: (*rgb, 255) for index, rgb in colours.items()})
            file.write(values, 1)  # at last, so that nothing stands behind the values
        return bytes(memory.getbuffer())


def embedded(path: Path) -> Georeference | None:
    """Where a raw file lies that is a TIFF itself; None for any other. Raises: UsageError where rasterio is missing."""
    with path.open("rb") as file:
        if file.read(4) not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            return None
    rasterio = _rasterio()
    try:
        with _quiet(rasterio), rasterio.open(path, driver="GTiff") as file:
            return _georeference(file)
    except rasterio.errors.RasterioIOError:  # bytes of an image that begin as a TIFF does
        return None


def rasterised(
    shapes: Sequence[tuple[Mapping[str, Any], int]], crs: str, where: Georeference, extent: tuple[int, ...]
) -> NDArray[np.int32]:
    """Ids H W, 0 outside, of shapes in the coordinate system `crs`; empty: in that of the cube. Raises: UsageError."""
    rasterio = _rasterio()
    if crs and where.crs_wkt and crs != where.crs_wkt:
        source, target = (rasterio.CRS.from_user_input(text) for text in (crs, where.crs_wkt))
        shapes = [(rasterio.warp.transform_geom(source, target, shape), number) for shape, number in shapes]
    transform = rasterio.Affine(*where.transform)
    with _quiet(rasterio):
        return rasterio.features.rasterize(shapes, out_shape=extent[:2], transform=transform, dtype="int32")


def transformed(x: NDArray, y: NDArray, source: str, target: str) -> tuple[NDArray, NDArray]:
    """Coordinates in another system, infinite where it has none for them. Raises: UsageError."""
    rasterio = _rasterio()
    systems = [rasterio.CRS.from_user_input(text) for text in (source, target)]
    if systems[0] == systems[1]:
        return x, y
    found = rasterio.warp.transform(*systems, x.ravel(), y.ravel())
    return np.reshape(found[0], x.shape), np.reshape(found[1], y.shape)


def linear_unit(crs: str) -> float | None:
    """Metres of a unit of a coordinate system, 0 for degrees; None where neither is told. Raises: UsageError."""
    rasterio = _rasterio()
    try:
        system = rasterio.CRS.from_user_input(crs)
        return 0.0 if system.is_geographic else float(system.linear_units_factor[1]) if system.is_projected else None
    except rasterio.errors.CRSError:
        return None


def installed() -> bool:
    """Whether rasterio is there."""
    return importlib.util.find_spec("rasterio") is not None


def _rasterio() -> Any:
    try:
        import rasterio
        import rasterio.errors
        import rasterio.features
        import rasterio.warp
    except ImportError as error:
        raise UsageError("scene-needs-extra", package="rasterio", extra="geo") from error
    return rasterio


@contextmanager
def _opened(rasterio: Any, path: Path) -> Iterator[Any]:
    with _quiet(rasterio), rasterio.Env(GDAL_CACHEMAX=CACHE), rasterio.open(path, driver=DRIVER) as file:
        yield file


@contextmanager
def _quiet(rasterio: Any) -> Iterator[None]:
    """Maps without a georeference are common, and no reason for a warning; no host is asked for anything."""
    with warnings.catch_warnings(), rasterio.Env(**OFFLINE):
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        yield


def _in_one_piece(file: Any) -> bool:
    """Whether the values lie behind each other in the file, uncompressed: by pixel, or band after band."""
    rows, columns = file.block_shapes[0]
    if file.compression is not None or columns != file.width or len(set(file.dtypes)) > 1:
        return False
    itemsize, by_pixel = np.dtype(file.dtypes[0]).itemsize, _by_pixel(file)
    row_bytes = file.width * itemsize * (file.count if by_pixel else 1)
    expected = _offset(file, 1, 0)
    for band in range(1, 2 if by_pixel else file.count + 1):
        for top in range(0, file.height, rows):
            if expected < 0 or _offset(file, band, top // rows) != expected:
                return False
            expected += min(rows, file.height - top) * row_bytes
    return True


def _mapped(file: Any, path: Path) -> NDArray:
    with path.open("rb") as start:
        order = "<" if start.read(2) == b"II" else ">"
    kind = np.dtype(file.dtypes[0]).newbyteorder(order)
    shape = (file.height, file.width, file.count) if _by_pixel(file) else (file.count, file.height, file.width)
    values = np.memmap(path, kind, "r", _offset(file, 1, 0), shape)
    return values if _by_pixel(file) else values.transpose(1, 2, 0)


def _by_pixel(file: Any) -> bool:
    return file.count == 1 or file.profile.get("interleave") == "pixel"


def _offset(file: Any, band: int, block: int) -> int:
    """Where a block of whole rows begins in the file; -1 for one that was never written."""
    found = file.get_tag_item(f"BLOCK_OFFSET_0_{block}", "TIFF", bidx=band)
    return -1 if found is None else int(found)


def _values(file: Any, path: Path) -> NDArray:
    """H W bands, a small file's in memory; complex numbers stay as they are, to be refused by name."""
    cube = PieceCube(
        (file.height, file.width, file.count), file.dtypes[0], file.block_shapes[0][0], partial(_rows, path)
    )
    require_unpacked(path, cube.nbytes)
    return cube[:] if cube.nbytes <= PIECE else cast(NDArray, cube)


def _rows(path: Path, top: int, bottom: int) -> NDArray:
    """Some rows H W bands, a tile after the other, so that none is decoded twice. Raises: DataError."""
    rasterio = _rasterio()
    try:
        with _opened(rasterio, path) as file:
            values = np.empty((bottom - top, file.width, file.count), file.dtypes[0])
            tall, wide = file.block_shapes[0]
            for row in range(top - top % tall, bottom, tall):
                first, last = max(row, top), min(row + tall, bottom)
                for column in range(0, file.width, wide):
                    right = min(column + wide, file.width)
                    part = values[first - top : last - top, column:right].transpose(2, 0, 1)
                    file.read(out=part, window=((first, last), (column, right)))
            return values
    except (rasterio.errors.RasterioError, rasterio.errors.RasterioIOError, ValueError, OSError) as error:
        raise DataError("scene-unreadable", path=path, reason=first_line(error)) from error


def _wavelengths(file: Any) -> NDArray[np.float64] | None:
    """Band centres in nm from the bands' tags, in nm or, below 30, in µm; None where one band has none."""
    found = []
    for band in range(1, file.count + 1):
        word = _first(file.tags(band), WAVELENGTH_TAGS)
        try:
            found.append(float(word))
        except ValueError:
            return None
    values = np.array(found)
    return values * (1e3 if values.max() < 30 else 1.0)


def _good_bands(file: Any) -> Mask | None:
    """From the bands' own tags, 0 for a bad one; None where none is tagged."""
    words = [_first(file.tags(band), BAD_TAGS) for band in range(1, file.count + 1)]
    good = np.array([word.strip() not in ("0", "0.0") for word in words])
    return good if any(words) and good.any() else None


def _scales(file: Any) -> tuple[Said, ...]:
    """The bands' scale and offset, where they are more than 1 and 0."""
    gain, offset = (tuple(map(float, values)) for values in (file.scales, file.offsets))
    plain = set(gain) == {1.0} and set(offset) == {0.0}
    return () if plain else (Said(Line("scale", gain), Line("offset", offset)),)


def _header(file: Any) -> Header:
    """The file's tags that have the names of an ENVI header's fields, in the domain `ENVI` or without one."""
    tags = {**file.tags(), **file.tags(ns="ENVI")}
    named = {name.lower().replace("_", " "): value.strip() for name, value in tags.items()}
    return {name: listed(value) for name, value in named.items() if name in HEADER_TAGS}


def _first(tags: Mapping[str, str], names: Sequence[str]) -> str:
    return next((tags[name] for name in names if name in tags), "")


def _georeference(file: Any) -> Georeference | None:
    if file.crs is None and file.transform.is_identity:
        return None
    return Georeference(file.crs.to_wkt() if file.crs else "", tuple(file.transform)[:6])


def _class_names(tags: Mapping[str, str]) -> dict[int, str]:
    numbers = {tag: tag.removeprefix(CLASS_TAG) for tag in tags if tag.startswith(CLASS_TAG)}
    return {int(number): tags[tag] for tag, number in numbers.items() if number.lstrip("-").isdigit()}


def _colours(file: Any) -> dict[int, Colour]:
    """The colour table without its unused black lines; empty where there is none."""
    if file.count != 1:
        return {}
    try:
        table = file.colormap(1)
    except ValueError:
        return {}
    return {index: rgba[:3] for index, rgba in table.items() if rgba[:3] != (0, 0, 0)}

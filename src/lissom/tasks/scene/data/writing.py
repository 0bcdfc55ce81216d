"""A map written back, in the format that its name ends in: GeoTIFF, ENVI, MATLAB or NumPy. Whole or not at all."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lissom.atomic import write_atomic
from lissom.errors import DataError, UsageError
from lissom.messages import text
from lissom.tasks.scene.data.companions import write_companions
from lissom.tasks.scene.data.envi_fields import georeference as read_map_info
from lissom.tasks.scene.data.envi_files import TIFF
from lissom.tasks.scene.data.geotiff import geotiff_bytes, installed
from lissom.tasks.scene.data.scene import Colour, Georeference

ENVI_CODES = {"uint8": 1, "int16": 2, "int32": 3, "float32": 4, "float64": 5, "uint16": 12, "uint32": 13, "int64": 14}
MAP_FORMATS = (".tif", ".tiff", ".hdr", ".img", ".mat", ".npy")
MOST_ENVI_CLASSES = 10_000  # its header lists every number up to the largest id


def write_map(
    path: Path | str,
    values: NDArray,
    *,
    georeference: Georeference | None = None,
    class_names: Mapping[int, str] | None = None,
    colours: Mapping[int, Colour] | None = None,
    unlabelled: int = 0,
) -> list[Path]:
    """Writes H W, class ids or real numbers such as confidences, and returns the files written.

    class_names, colours: by id; kept by GeoTIFF (colours for ids to 255) and ENVI, and beside them as `companions`
    has it. Both keep the georeference.
    Raises: UsageError for another format, DataError for ids that the format cannot hold, MachineError where nothing
    can be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in MAP_FORMATS:
        raise UsageError("scene-map-format", path=path, formats=", ".join(MAP_FORMATS))
    values = _narrow(np.asarray(values), unlabelled if class_names else 0)
    names, colours = dict(class_names or {}), dict(colours or {})
    if suffix in (".hdr", ".img"):
        written = _write_envi(path, values, georeference, names, colours, unlabelled)
        return [*written, *write_companions(path, georeference, names, colours)]
    if suffix == ".npy":
        content = _npy(values)
    elif suffix == ".mat":
        content = _mat(values, path.stem)
    else:
        no_data = unlabelled if names else np.nan if values.dtype.kind == "f" else None
        if values.dtype.kind == "i" and values.dtype.itemsize == 8:
            raise DataError("scene-map-range", path=path, low=values.min(), high=values.max(), expected="-2^31..2^31")
        content = geotiff_bytes(values, georeference=georeference, names=names, colours=colours, no_data=no_data)
    write_atomic(path, content)
    return [path, *write_companions(path, georeference, names, colours)] if suffix in TIFF else [path]


def holds(suffix: str, ids: NDArray) -> bool:
    """Whether a format can be written and keep these class ids: those of GeoTIFF have 32 bits, ENVI counts from 0 to
    9,999."""
    low, high = int(ids.min()), int(ids.max())
    if suffix in (".hdr", ".img"):
        return 0 <= low <= high < MOST_ENVI_CLASSES
    return suffix not in TIFF or (installed() and -(2**31) <= low <= high < 2**31)


def _narrow(values: NDArray, also: int) -> NDArray:
    """The same values in the smallest type that all formats have, and that holds the value `also`."""
    if values.dtype.kind == "f":
        return values.astype(np.float32) if values.dtype.itemsize < 8 else values
    low, high = min(int(values.min()), also), max(int(values.max()), also)
    for kind in (np.uint8, np.int16, np.uint16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return values.astype(kind)
    return values.astype(np.int64)


def _npy(values: NDArray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def _mat(values: NDArray, stem: str) -> bytes:
    """Version 5, the variable called as the file, as far as MATLAB allows such a name (31 letters, digits, _)."""
    from scipy.io import savemat

    name = re.sub(r"\W", "_", stem, flags=re.ASCII)[:31]
    buffer = io.BytesIO()
    savemat(buffer, {name if name[:1].isalpha() else f"map_{name}"[:31]: values}, do_compression=True)
    return buffer.getvalue()


def _write_envi(
    path: Path,
    values: NDArray,
    geo: Georeference | None,
    names: dict[int, str],
    colours: dict[int, Colour],
    unlabelled: int,
) -> list[Path]:
    """The raw file first: a header is only there when its raw file is."""
    if names and not holds(".hdr", values):
        low, high = int(values.min()), int(values.max())
        raise DataError("scene-map-range", path=path, low=low, high=high, expected=f"0..{MOST_ENVI_CLASSES - 1}")
    raw, header = path.with_suffix(".img"), path.with_suffix(".hdr")
    fields = _envi_fields(values)
    if names:
        fields["file type"] = "ENVI Classification"
        fields |= _envi_classes(names | {unlabelled: names.get(unlabelled, text("scenes.unlabelled"))}, colours, values)
    info = geo and (geo.map_info or _map_info(geo))
    content = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    if geo and info:
        fields["map info"] = _braces(info)
        if geo.crs_wkt and not geo.crs_wkt.startswith("EPSG:"):
            fields["coordinate system string"] = _braces([geo.crs_wkt])
    elif geo:  # a plain GeoTIFF tells what map info cannot, with the same bytes behind a header of its own
        whole = geotiff_bytes(values, georeference=geo, names={}, colours=colours, no_data=None, compress=False)
        assert whole.endswith(content), "values not last"
        fields["header offset"] = len(whole) - len(content)
        content = whole
    write_atomic(raw, content)
    write_atomic(header, "ENVI\n" + "".join(f"{key} = {value}\n" for key, value in fields.items()))
    return [header, raw]


def _envi_fields(values: NDArray) -> dict[str, object]:
    return {
        "samples": values.shape[1],
        "lines": values.shape[0],
        "bands": 1,
        "header offset": 0,
        "file type": "ENVI Standard",
        "data type": ENVI_CODES[values.dtype.name],
        "interleave": "bsq",
        "byte order": 0,
        **({"data ignore value": "nan"} if values.dtype.kind == "f" else {}),
    }


def _envi_classes(names: dict[int, str], colours: dict[int, Colour], values: NDArray) -> dict[str, object]:
    """ENVI numbers its classes from 0 without a gap: ids that are not used get their number as a name, and black."""
    count = max(max(names), int(values.max())) + 1
    words = [re.sub(r"[{},\n]", " ", names.get(index, str(index))) for index in range(count)]
    found: dict[str, object] = {"classes": count, "class names": _braces(words)}
    if colours:  # without any, whoever opens the map chooses them
        found["class lookup"] = _braces([str(part) for i in range(count) for part in colours.get(i, (0, 0, 0))])
    return found


def _braces(words: list[str] | tuple[str, ...]) -> str:
    return "{" + ", ".join(words) + "}"


def needs_geotiff(geo: Georeference | None) -> bool:
    """Whether ENVI's map info cannot tell the transform: sheared or south-up, or turned with pixels that are oblong."""
    return geo is not None and not (geo.map_info or _map_info(geo))


def _map_info(geo: Georeference) -> list[str]:
    """The transform in ENVI's words, empty where they cannot tell it; pixel 1, 1 is the upper left corner."""
    words = _map_words(geo)
    back = read_map_info({"map info": words})
    a, b, _, d, e, _ = geo.transform
    near = 1e-9 * abs(a * e - b * d) ** 0.5
    exact = back and np.allclose(back.transform, geo.transform, rtol=0, atol=near)
    half_turn = a < 0 and abs(b) < near  # whose words GDAL takes for a scene upside down
    return words if exact and not half_turn else []


def _map_words(geo: Georeference) -> list[str]:
    a, b, c, d, e, f = geo.transform
    wide, high = float(np.hypot(a, b)), float(np.hypot(d, e))
    numbers = ["1", "1", repr(c), repr(f), repr(wide), repr(high)]
    turn = -float(np.degrees(np.arctan2(-b, a)))
    rotation = [f"rotation={turn!r}"] if abs(turn) > 1e-12 else []
    wgs84 = re.search(r"WGS[ _](19)?84", geo.crs_wkt)  # other datums are told by the coordinate system string alone
    zone = re.search(r"UTM[ _]zone[ _](\d+)([NS])", geo.crs_wkt, re.IGNORECASE) if wgs84 else None
    code = re.fullmatch(r"EPSG:32([67])(\d\d)", geo.crs_wkt)
    if zone or code:
        number = zone[1] if zone else code[2] if code else ""
        north = zone[2] in "Nn" if zone else code is not None and code[1] == "6"
        return ["UTM", *numbers, number, "North" if north else "South", "WGS-84", "units=Meters", *rotation]
    if geo.crs_wkt == "EPSG:4326" or (wgs84 and geo.crs_wkt.startswith("GEOGC")):
        return ["Geographic Lat/Lon", *numbers, "WGS-84", "units=Degrees", *rotation]
    return ["Arbitrary", *numbers, "units=Meters", *rotation]

"""Labelled shapes: GeoJSON, GeoPackage, shapefile and the regions of interest of ENVI 5, as geometries with attributes.

They are read here by their published formats (RFC 7946, OGC 12-128, ESRI's shapefile description of 1998), as the
extra `geo` has GDAL's rasters without its readers of vectors; burning them into a map is its work.
"""

import json
import sqlite3
import struct
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lissom.errors import DataError
from lissom.tasks.scene.data.layers import first_line
from lissom.tasks.scene.data.scene import Colour
from lissom.tasks.scene.data.shapefile import read_shapefile
from lissom.tasks.scene.data.shapes import choose_named
from lissom.tasks.scene.data.wkb import geometry

VECTORS = (".geojson", ".json", ".gpkg", ".shp", ".xml")
ROI_FIELD = "Region"
Geometry = Mapping[str, Any]
ENVELOPES = (0, 32, 48, 48, 64)  # bytes, by the kind that a GeoPackage's flags name


@dataclass(frozen=True)
class Features:
    """Geometries as GeoJSON has them, each with its attributes, in one coordinate system."""

    rows: Sequence[tuple[Geometry, Mapping[str, Any]]]
    crs: str
    """Well-known text or an authority's code; empty where the file gives none."""
    colours: Mapping[str, Colour]
    """By class name, where the format keeps them."""


def read_features(path: Path, layer: str | None = None) -> Features:
    """All features with a geometry. layer: of a GeoPackage, its table; None: the only one.

    Raises: DataError for a damaged file, and for several tables (listed).
    """
    readers = {".gpkg": _geopackage, ".shp": _shapefile, ".xml": _regions}
    try:
        return readers.get(path.suffix.lower(), _geojson)(path, layer)
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, struct.error, sqlite3.Error,
            ET.ParseError) as error:  # fmt: skip
        raise DataError("scene-unreadable", path=path, reason=first_line(error)) from error


def _geojson(path: Path, layer: str | None) -> Features:
    held = json.loads(path.read_text(encoding="utf-8-sig"))
    features = held.get("features", [held])
    rows = [(each["geometry"], each.get("properties") or {}) for each in features if each.get("geometry")]
    crs = (held.get("crs") or {}).get("properties", {}).get("name", "EPSG:4326")
    return Features(rows, crs, {})


def _geopackage(path: Path, layer: str | None) -> Features:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as held:
        held.row_factory = sqlite3.Row
        columns = "SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns"
        tables = {row["table_name"]: row for row in held.execute(columns)}
        name = choose_named(tables, layer, path)
        column, srs = tables[name]["column_name"], tables[name]["srs_id"]
        found = held.execute(
            "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?",
            (srs,),
        ).fetchone()
        quoted = name.replace('"', '""')
        key = next((row["name"] for row in held.execute(f'PRAGMA table_info("{quoted}")') if row["pk"]), None)
        rows = [dict(row) for row in held.execute(f'SELECT * FROM "{quoted}"')]
    code = f"{found[0]}:{found[1]}".upper() if found and str(found[0]).upper() == "EPSG" else found[2] if found else ""
    shapes = [(_blob(row.pop(column)), {k: v for k, v in row.items() if k != key}) for row in rows if row[column]]
    return Features(shapes, "" if srs in (0, -1) else code, {})


def _blob(blob: bytes) -> Geometry:
    """A GeoPackage's geometry: a header of 8 bytes, an envelope, well-known binary."""
    if blob[:2] != b"GP":
        raise ValueError("no GeoPackage geometry")
    return geometry(blob, 8 + ENVELOPES[blob[3] >> 1 & 7])[0]


def _shapefile(path: Path, layer: str | None) -> Features:
    rows, crs = read_shapefile(path)
    return Features(rows, crs, {})


def _regions(path: Path, layer: str | None) -> Features:
    """Regions of interest as ENVI 5 writes them (XML): polygons, lines and points by region, with its colour."""
    rows: list[tuple[Geometry, Mapping[str, Any]]] = []
    colours: dict[str, Colour] = {}
    crs = ""
    for region in ET.parse(path).getroot().iter("Region"):
        name = region.get("name", "")
        numbers = [int(word) for word in region.get("color", "").split(",") if word.strip().isdigit()]
        if len(numbers) == 3:
            colours[name] = (numbers[0], numbers[1], numbers[2])
        crs = next((each.text.strip() for each in region.iter("CoordSysStr") if each.text), crs)
        rows += [(shape, {ROI_FIELD: name}) for shape in _drawn(region)]
    if not rows:
        raise ValueError("no region of interest")
    return Features(rows, "" if crs.lower() == "none" else crs, colours)


def _drawn(region: ET.Element) -> list[Geometry]:
    shapes: list[Geometry] = []
    for polygon in region.iter("Polygon"):
        shapes.append({"type": "Polygon", "coordinates": [_pairs(each) for each in polygon.iter("Coordinates")]})
    for kind, word in (("LineString", "LineString"), ("Point", "MultiPoint")):
        for each in region.iter(kind):
            shapes += [{"type": word, "coordinates": _pairs(points)} for points in each.iter("Coordinates")]
    return shapes


def _pairs(element: ET.Element) -> list[tuple[float, float]]:
    numbers = [float(word) for word in (element.text or "").split()]
    return list(zip(numbers[::2], numbers[1::2], strict=True))

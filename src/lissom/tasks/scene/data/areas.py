"""The area on the ground of each class of a map, where the unit of its coordinates is known."""

import math
import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.events import Note, note
from lissom.tasks.scene.data.geotiff import installed, linear_unit, transformed
from lissom.tasks.scene.data.scene import Georeference

WGS84 = (6_378_137.0, 298.257223563)
SPHEROID = re.compile(r'(?:SPHEROID|ELLIPSOID)\["[^"]*",\s*([\d.]+),\s*([\d.]+)')
FEET = 0.3048
NOTICED = 0.01  # a projection whose areas are wrong by more is corrected
ROWS = 256  # counted at a time


class Areas(NamedTuple):
    """Square metres of each class."""

    values: NDArray[np.float64]  # K
    scale: float
    """By how much the plane's areas were too large and were divided; 1: they were taken as they are."""


def class_areas(predicted: NDArray[np.integer], georeference: Georeference | None, classes: int) -> Areas | None:
    """Of class indices H W, -1 for none: pixels times the area of one; in degrees, that on the ellipsoid.

    Of a projection that is far from equal-area, as Mercator's, areas are divided by its scale at the middle of the map.
    None: there is no georeference, or its unit is not known.
    """
    if georeference is None or (metres := _unit(georeference)) is None:
        return None
    a, b, _, d, e, _ = georeference.transform
    plane, scale = abs(a * e - b * d), 1.0
    if metres:
        scale = _areal_scale(georeference, predicted.shape, metres)
    sums = np.zeros(classes)
    for top in range(0, len(predicted), ROWS):
        part = predicted[top : top + ROWS]
        unit = np.array(metres**2 / scale) if metres else _square_degrees(georeference, top, part.shape)
        weights = np.broadcast_to(plane * unit, part.shape)[part >= 0]
        sums += np.bincount(part[part >= 0], weights, minlength=classes)
    return Areas(sums, scale)


def hectares(areas: Areas | None, k: int) -> float | None:
    """Of class k, to the square metre."""
    return None if areas is None else round(float(areas.values[k]) / 10_000, 4)


def area_notes(georeference: Georeference | None, areas: Areas | None) -> list[Note]:
    """That the unit of the coordinates is not known, or that the projection was corrected for."""
    if georeference is not None and areas is None:
        return [note("scene_files.area-unknown")]
    if areas is not None and areas.scale != 1:
        return [note("scene_files.area-scaled", scale=f"{areas.scale:.3g}")]
    return []


def _unit(georeference: Georeference) -> float | None:
    """Metres of a unit of the coordinates, 0 for degrees, None where it is not known."""
    if georeference.crs_wkt and installed():
        return linear_unit(georeference.crs_wkt)
    words = [word.lower() for word in georeference.map_info]
    units = next((word.partition("=")[2].strip() for word in words if word.startswith("units")), "")
    if units.startswith("degree") or (words and words[0].startswith("geographic")):
        return 0.0
    if units.startswith("feet"):
        return FEET
    return 1.0 if (units.startswith("meter") and words[0] != "arbitrary") or words[:1] == ["utm"] else None


def _square_degrees(georeference: Georeference, top: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Square metres of a square degree at the centre of each pixel."""
    _, _, _, d, e, f = georeference.transform
    columns = np.arange(shape[1]) if d else np.zeros(1)  # the rows of most maps are parallels
    latitudes = d * (columns + 0.5) + e * (np.arange(top, top + shape[0])[:, None] + 0.5) + f
    return square_degree(latitudes, georeference.crs_wkt)


def square_degree(latitudes: NDArray[np.float64], crs_wkt: str = "") -> NDArray[np.float64]:
    """M N cos(latitude) of the ellipsoid, M and N its radii of curvature along the meridian and across it."""
    named = SPHEROID.search(crs_wkt)
    major, inverse = (float(named[1]), float(named[2])) if named else WGS84
    flattening = 1 / inverse if inverse else 0.0
    squared, sine = flattening * (2 - flattening), np.sin(np.radians(latitudes))
    radii = major**2 * (1 - squared) / (1 - squared * sine**2) ** 2  # of M and N, multiplied
    return radii * np.cos(np.radians(latitudes)) * math.radians(1) ** 2


def _areal_scale(georeference: Georeference, shape: tuple[int, ...], metres: float) -> float:
    """Area in the plane over area on the ground in the middle of the map; 1 where they are nearly the same, or where
    the projection cannot be computed."""
    if not (georeference.crs_wkt and installed()):
        return 1.0
    a, b, c, d, e, f = georeference.transform
    column, row = shape[1] / 2 + np.array([0, 1, 0]), shape[0] / 2 + np.array([0, 0, 1])
    x, y = a * column + b * row + c, d * column + e * row + f
    longitude, latitude = transformed(x, y, georeference.crs_wkt, "EPSG:4326")
    (u, v), (w, z) = longitude[1:] - longitude[0], latitude[1:] - latitude[0]
    ground = abs(u * z - v * w) * float(square_degree(latitude[:1])[0])
    scale = abs(a * e - b * d) * metres**2 / ground if ground else 1.0
    return scale if math.isfinite(scale) and abs(scale - 1) > NOTICED else 1.0

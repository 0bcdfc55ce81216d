"""Where a PRISMA cube lies: an affine transform where its product has an exact one, else none, with the reason.

Names are those of the PRISMA products specification (ASI, issue 2.3). Level 2D lies on a grid of a map projection: the
root has `Epsg_Code` and corners such as `Product_ULcorner_easting`, in metres; the other levels have a latitude and a
longitude for each pixel, in `Geolocation Fields`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.events import Note, note
from lissom.tasks.scene.data.scene import Georeference

PIXEL_M = 30.0  # of the hyperspectral cubes
NEAR = 0.01  # pixels: an affine transform that misses by more is not exact

Grids = tuple[NDArray[np.float64], NDArray[np.float64]]
Corner = tuple[float, float]


def place(file: Any, swath: Any, extent: tuple[int, int]) -> tuple[Georeference | None, tuple[Note, ...]]:
    """The georeference of the cubes H W of a swath; None with what stands against one."""
    grids = _grids(swath, extent)
    corners = _corners(file)
    if corners is not None:
        found = _projected(*corners, extent, grids)
        code = int(np.ravel(file.attrs["Epsg_Code"])[0])
        if found is not None:
            return Georeference(f"EPSG:{code}", found), ()
        return None, (_none("corners"),)
    if grids is None:
        return None, (_none("missing"),)
    transform, missed = _fitted(*grids)
    if missed <= NEAR:
        return Georeference("EPSG:4326", transform), ()
    return None, (_none("grids", pixels=f"{missed:.2g}"),)


def _none(why: str, **values: str) -> Note:
    return note("scene_files.prisma-place", why=note(f"scene_files.prisma-{why}", **values))


def _corners(file: Any) -> tuple[Corner, Corner] | None:
    """Easting and northing of the upper left and the lower right corner."""
    names = [f"Product_{corner}corner_{axis}" for corner in ("UL", "LR") for axis in ("easting", "northing")]
    if any(name not in file.attrs for name in (*names, "Epsg_Code")):
        return None
    left, top, right, bottom = (float(np.ravel(file.attrs[name])[0]) for name in names)
    return (left, top), (right, bottom)


def _projected(
    upper_left: Corner, lower_right: Corner, extent: tuple[int, int], grids: Grids | None
) -> tuple[float, float, float, float, float, float] | None:
    """The transform of a grid of whole pixels: corners are the middles of pixels, or their outer edges.

    Rows go south, unless the latitudes say that columns do.
    """
    turned = grids is not None and bool(np.ptp(grids[0][0]) > np.ptp(grids[0][:, 0]))
    high, wide = extent[::-1] if turned else extent
    (left, top), (right, bottom) = upper_left, lower_right
    for fewer in (1, 0):
        steps = (right - left) / max(wide - fewer, 1), (top - bottom) / max(high - fewer, 1)
        if np.allclose(steps, PIXEL_M, rtol=NEAR / max(extent)):
            x, y = left - fewer * PIXEL_M / 2, top + fewer * PIXEL_M / 2
            return (0.0, PIXEL_M, x, -PIXEL_M, 0.0, y) if turned else (PIXEL_M, 0.0, x, 0.0, -PIXEL_M, y)
    return None


def _grids(swath: Any, extent: tuple[int, int]) -> Grids | None:
    """Latitudes and longitudes H W; level 1 has them for each detector."""
    fields = swath.get("Geolocation Fields", {})
    for ending in ("", "_VNIR", "_SWIR"):
        pair = [fields[name + ending] for name in ("Latitude", "Longitude") if name + ending in fields]
        if len(pair) == 2 and all(tuple(grid.shape) == extent for grid in pair):
            return np.asarray(pair[0][()], np.float64), np.asarray(pair[1][()], np.float64)
    return None


def _fitted(
    latitude: NDArray[np.float64], longitude: NDArray[np.float64]
) -> tuple[tuple[float, float, float, float, float, float], float]:
    """The affine transform nearest to middles of pixels, and by how many pixels it misses one of them at most."""
    row, column = np.indices(latitude.shape).reshape(2, -1) + 0.5
    known = np.stack([column, row, np.ones_like(row)], axis=1)
    wanted = np.stack([longitude.ravel(), latitude.ravel()], axis=1)
    solved = np.linalg.lstsq(known, wanted, rcond=None)[0].T  # a b c, d e f
    pixel = np.sqrt(abs(np.linalg.det(solved[:, :2])))
    missed = np.abs(known @ solved.T - wanted).max() / pixel if pixel else np.inf
    a, b, c, d, e, f = solved.ravel().tolist()
    return (a, b, c, d, e, f), float(missed) if np.isfinite(missed) else np.inf

"""A map laid on its cube by the coordinates that both have: each pixel of the cube takes the nearest one of the map."""

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.events import Note, note
from lissom.tasks.scene.data.geotiff import transformed
from lissom.tasks.scene.data.scene import Georeference

ROWS = 256  # whose coordinates are in memory at a time


def aligned(
    ids: NDArray[np.integer], theirs: Georeference | None, extent: tuple[int, ...], ours: Georeference | None, *,
    unlabelled: int, source: str,
) -> tuple[NDArray[np.integer], Note | None]:  # fmt: skip
    """Ids H W on the cube's pixels, and what was done; as they are where one of both has no coordinates, or where the
    pixels are the same. Beyond the map the cube is unlabelled. Raises: DataError where they have no pixel in common.
    """
    if theirs is None or ours is None:
        return ids, None
    height, width = extent[:2]
    if ids.shape == (height, width) and theirs == ours:
        return ids, None
    rows, columns = np.empty((height, width), np.int64), np.empty((height, width), np.int64)
    for top in range(0, height, ROWS):
        part = np.s_[top : min(top + ROWS, height)]
        rows[part], columns[part] = _pixels(np.arange(height)[part], np.arange(width), ours, theirs)
    inside = (rows >= 0) & (rows < ids.shape[0]) & (columns >= 0) & (columns < ids.shape[1])
    if not inside.any():
        raise DataError("scene-disjoint", path=source)
    laid = np.where(inside, ids[rows.clip(0, ids.shape[0] - 1), columns.clip(0, ids.shape[1] - 1)], unlabelled)
    same = ids.shape == (height, width) and (rows == np.arange(height)[:, None]).all()
    if same and (columns == np.arange(width)).all():
        return ids, None
    size = " x ".join(map(str, ids.shape))
    told = note("scene_files.aligned", path=source, size=size, share=f"{100 * inside.mean():.1f}")
    return laid.astype(ids.dtype), told


def _pixels(
    rows: NDArray[np.int64], columns: NDArray[np.int64], ours: Georeference, theirs: Georeference
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column in the map of the centre of each of the cube's pixels."""
    a, b, c, d, e, f = ours.transform
    column, row = np.meshgrid(columns + 0.5, rows + 0.5)
    x, y = a * column + b * row + c, d * column + e * row + f
    if ours.crs_wkt and theirs.crs_wkt and ours.crs_wkt != theirs.crs_wkt:
        x, y = transformed(x, y, ours.crs_wkt, theirs.crs_wkt)
    a, b, c, d, e, f = theirs.transform
    x, y, area = x - c, y - f, a * e - b * d
    across, down = (e * x - b * y) / area, (a * y - d * x) / area
    return _whole(down), _whole(across)


def _whole(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Numbers of pixels, -1 where a system has no coordinates; a centre on an edge may not fall by rounding."""
    return np.floor(np.where(np.isfinite(numbers), numbers, -1) + 1e-6).clip(-1, 2**40).astype(np.int64)

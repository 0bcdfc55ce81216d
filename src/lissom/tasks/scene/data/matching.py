"""The bands of one cube that stand for those of another: by wavelength where both name theirs, else by their order."""

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.tasks.scene.data.scene import Mask, Scene, listed_bands

LISTED = 5  # wavelengths in one sentence


def match_bands(
    scene: Scene, *, bands: int, wavelengths_nm: NDArray[np.float64] | None, used: Mask
) -> NDArray[np.intp]:
    """For each of `bands` bands that were trained on, its index in `scene`.

    Both with wavelengths: the nearest band, at most half the trained bands' median spacing away; those that are not
    `used` need no partner and get any. Else bands are taken in order, and there must be as many.
    Raises: DataError for a used band without a partner, or one that is empty, or another number of bands.
    """
    if wavelengths_nm is None or scene.wavelengths_nm is None:
        if scene.bands != bands:
            raise DataError("scene-other-bands", got=scene.bands, expected=bands)
        if scene.empty is not None and (used & scene.empty).any():
            empty = np.flatnonzero(used & scene.empty)
            raise DataError("scene-bands-empty", path=scene.source, count=len(empty), bands=listed_bands(empty))
        return np.arange(bands)
    if np.array_equal(wavelengths_nm, scene.wavelengths_nm) and scene.empty is None:
        return np.arange(bands)
    nearest, missing = partners(scene, wavelengths_nm)
    missing = missing & used
    if missing.any():
        raise DataError(
            "scene-bands-unmatched",
            path=scene.source,
            missing=_listed(wavelengths_nm[missing]),
            count=int(missing.sum()),
            expected=int(used.sum()),
            allowed=f"{tolerance_nm(wavelengths_nm):.3g}",
            got=f"{scene.wavelengths_nm.min():.6g}-{scene.wavelengths_nm.max():.6g}",
        )
    return nearest


def partners(scene: Scene, wavelengths_nm: NDArray[np.float64]) -> tuple[NDArray[np.intp], Mask]:
    """For each wavelength the scene's nearest band that is not empty, and where even that one is too far away."""
    assert scene.wavelengths_nm is not None
    apart = np.abs(scene.wavelengths_nm[None] - wavelengths_nm[:, None])  # bands x the scene's bands
    if scene.empty is not None:
        apart[:, scene.empty] = np.inf
    return apart.argmin(1), apart.min(1) > tolerance_nm(wavelengths_nm)


def tolerance_nm(wavelengths_nm: NDArray[np.float64]) -> float:
    """Half the median distance of neighbouring bands; the median, as detectors overlap and leave gaps."""
    return float(np.median(np.abs(np.diff(np.sort(wavelengths_nm))))) / 2 if len(wavelengths_nm) > 1 else 0.0


def _listed(wavelengths_nm: NDArray[np.float64]) -> str:
    shown = ", ".join(f"{value:.6g}" for value in wavelengths_nm[:LISTED])
    return shown + (f", +{len(wavelengths_nm) - LISTED}" if len(wavelengths_nm) > LISTED else "")

"""Bands of another cube: by wavelength, at most half a spacing away, and only those that are used."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.tasks.scene.data.matching import match_bands, tolerance_nm
from lissom.tasks.scene.data.scene import Scene

OWN = np.array([400.0, 410, 420, 430, 440])
ALL = np.ones(5, bool)


def scene(wavelengths: NDArray[np.float64] | None, bands: int = 5) -> Scene:
    bands = bands if wavelengths is None else len(wavelengths)
    cube = np.zeros((2, 3, bands))
    return Scene(cube=cube, valid=np.ones((2, 3), bool), wavelengths_nm=wavelengths, name="other", source="other.hdr")


def matched(wavelengths: list[float], used: NDArray[np.bool_] = ALL) -> list[int]:
    return match_bands(scene(np.array(wavelengths)), bands=5, wavelengths_nm=OWN, used=used).tolist()


@pytest.mark.parametrize(("wavelengths", "places"), [
    ([400, 410, 420, 430, 440],           [0, 1, 2, 3, 4]),
    ([440, 430, 420, 410, 400],           [4, 3, 2, 1, 0]),  # backwards
    ([404, 414, 424, 434, 444],           [0, 1, 2, 3, 4]),  # 4 nm off: within half of 10
    ([390, 400, 405, 410, 420, 430, 440], [1, 3, 4, 5, 6]),  # two bands more
])  # fmt: skip
def test_the_nearest_band_stands_for_each(wavelengths: list[float], places: list[int]) -> None:
    assert matched(wavelengths) == places


def test_a_band_without_a_partner_is_named() -> None:
    with pytest.raises(DataError, match=r"no band near 430 nm: 1 of the 5 .* within 5 nm"):
        matched([400, 410, 420, 436, 440])


def test_by_order_a_used_band_may_not_be_empty() -> None:
    other = replace(scene(None), empty=np.arange(5) == 3)
    with pytest.raises(DataError, match=r"1 bands that the run uses .* other.hdr: 4;"):
        match_bands(other, bands=5, wavelengths_nm=None, used=ALL)
    assert match_bands(other, bands=5, wavelengths_nm=OWN, used=np.arange(5) != 3).tolist() == [0, 1, 2, 3, 4]


def test_bands_that_are_not_used_need_no_partner() -> None:
    assert matched([400, 410, 420], np.array([1, 1, 1, 0, 0], bool))[:3] == [0, 1, 2]


def test_the_spacing_is_the_median_as_detectors_overlap() -> None:
    """Two detectors of 10 nm that share 401 nm to 401.5 nm: gaps of half a nanometre do not count."""
    assert tolerance_nm(np.array([381.0, 391, 401, 401.5, 411.5, 421.5])) == 5
    assert tolerance_nm(np.array([550.0])) == 0


@pytest.mark.parametrize(("own", "other"), [(None, None), (OWN, None), (None, OWN)])
def test_without_wavelengths_on_both_sides_the_order_counts(
    own: NDArray[np.float64] | None, other: NDArray[np.float64] | None
) -> None:
    assert match_bands(scene(other), bands=5, wavelengths_nm=own, used=ALL).tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(DataError, match="expected 6"):
        match_bands(scene(other), bands=6, wavelengths_nm=None if own is None else np.append(own, 450), used=ALL)

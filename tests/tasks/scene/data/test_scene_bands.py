"""Bands that do not count: empty ones, those that a file calls bad, those not named; and undeclared borders."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lissom.tasks.scene.data.border import border
from lissom.tasks.scene.data.distance import unlike
from lissom.tasks.scene.data.matching import match_bands
from lissom.tasks.scene.data.opening import open_scene
from lissom.tasks.scene.data.preprocess import fit, load
from lissom.tasks.scene.prepare import left_out_bands, remarks
from lissom.tasks.scene.settings import SceneConfig
from scene_files import small_cube, small_map, write_envi

CUBE, MAP = small_cube(), small_map()


@pytest.mark.parametrize("none", [np.nan, -32768.0])
def test_wholly_empty_bands_are_dropped_and_said(none: float) -> None:
    cube = CUBE.astype(np.float32)
    cube[..., [1, 2, 6]] = none
    cube[0, 0] = none
    scene = open_scene(cube, no_data=None if np.isnan(none) else none)
    assert np.argwhere(~scene.valid).tolist() == [[0, 0]]
    assert "Bands 2-3, 7 have no value" in str(scene.notes[0])
    fitted = fit(SceneConfig(reduction="none"), cube, where=scene.valid, left_out=left_out_bands(SceneConfig(), scene))
    assert fitted.components == 6
    assert np.flatnonzero(~fitted.matrix.any(1)).tolist() == [1, 2, 6]


def test_an_empty_band_stands_for_none_of_another_cube(tmp_path: Path) -> None:
    nm = np.array([400.0, 405, 410, 420, 430, 440, 450, 460, 470])
    cube = CUBE.astype(np.float32)
    cube[..., 1] = np.nan
    scene = open_scene(write_envi(tmp_path / "a.hdr", cube, wavelength="{" + ", ".join(map(str, nm)) + "}"))
    trained = np.array([404.0, 420, 440])
    bands = match_bands(scene, bands=3, wavelengths_nm=trained, used=np.ones(3, bool))
    assert bands.tolist() == [0, 3, 5]


def test_bad_bands_are_left_out_unless_they_are_named(tmp_path: Path) -> None:
    scene = open_scene(write_envi(tmp_path / "a.hdr", CUBE, bbl="{1,1,1,0,1,1,1,1,0}"))
    left_out = left_out_bands(SceneConfig(), scene)
    assert left_out is not None
    assert np.flatnonzero(left_out).tolist() == [3, 8]
    assert "left out: 4, 9" in str(remarks(SceneConfig(), scene)[0])
    named = SceneConfig(bands="3-5")
    assert left_out_bands(named, scene) is None
    assert remarks(named, scene) == ()


def test_components_of_chosen_bands_are_those_of_a_cube_of_them_alone() -> None:
    chosen = fit(SceneConfig(reduction="pca", components=3, bands="2-5,8"), CUBE)
    alone = fit(SceneConfig(reduction="pca", components=3), CUBE[..., [1, 2, 3, 4, 7]])
    assert np.flatnonzero(chosen.matrix.any(1)).tolist() == [1, 2, 3, 4, 7]
    assert np.allclose(chosen.apply(CUBE), alone.apply(CUBE[..., [1, 2, 3, 4, 7]]), atol=1e-4)


def test_smoothing_closes_the_gap_that_left_out_bands_leave() -> None:
    left_out = np.arange(9) == 4
    whole = fit(SceneConfig(reduction="none", smooth=5), CUBE, left_out=left_out)
    alone = fit(SceneConfig(reduction="none", smooth=5), CUBE[..., ~left_out])
    assert np.allclose(whole.apply(CUBE), alone.apply(CUBE[..., ~left_out]), atol=1e-5)


def test_spectra_far_from_those_of_training_are_said(tmp_path: Path) -> None:
    cube = small_cube().astype(np.float32)
    fit(SceneConfig(reduction="none"), cube).save(tmp_path / "fit.npz")
    fitted, bands = load(tmp_path / "fit.npz"), np.arange(9)
    assert unlike(open_scene(cube), fitted, bands) == ()
    assert unlike(open_scene(cube * 1.3 + 5), fitted, bands) == ()
    (told,) = unlike(open_scene(cube / 10000), fitted, bands)
    assert "unlike those of training" in str(told)
    assert unlike(open_scene(cube / 10000), replace(fitted, typical=None), bands) == ()  # a run from before


@pytest.mark.parametrize("value", [0, -9999])
def test_an_undeclared_border_is_said_with_its_labelled_pixels(value: int) -> None:
    cube = CUBE.copy()
    cube[:2] = value
    scene = open_scene(cube, MAP)
    (told,) = border(scene)
    assert (told.values["pixels"], told.values["labelled"]) == (20, int((MAP[:2] > 0).sum()))
    assert f"--no-data {value}" in str(told)
    assert told in remarks(SceneConfig(), scene)
    assert border(open_scene(cube, MAP, no_data=value)) == ()
    assert border(open_scene(CUBE, MAP)) == ()

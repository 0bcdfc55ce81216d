"""Preprocessing of spectra: scikit-learn's figures, learned from training pixels, in strips, kept bit for bit."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import savgol_filter
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from lissom.errors import DataError, UsageError
from lissom.tasks.scene.data import preprocess
from lissom.tasks.scene.data.preprocess import Fitted, chosen_bands, fit, fit_scene, load
from lissom.tasks.scene.settings import SceneConfig

BANDS = 12


def spectra(count: int = 400, bands: int = BANDS, seed: int = 0) -> np.ndarray:
    """Correlated, with means far from 0, as radiances are."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(count, bands)) * np.linspace(9, 0.5, bands)
    return mixed @ rng.normal(size=(bands, bands)) + rng.uniform(500, 3000, bands)


def signed(columns: np.ndarray, like: np.ndarray) -> np.ndarray:
    return columns * np.sign((columns * like).sum(0))


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("standardise", [False, True])
def test_components_are_scikit_learn_s_but_for_the_sign(whiten: bool, standardise: bool) -> None:
    x = spectra()
    got = fit(SceneConfig(components=5, whiten=whiten, standardise=standardise), x).apply(x)
    given = StandardScaler().fit_transform(x) if standardise else x
    expected = PCA(5, whiten=whiten, svd_solver="full").fit_transform(given)
    np.testing.assert_allclose(signed(got, expected), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_whitened_components_have_variance_one_and_a_fixed_sign() -> None:
    x = spectra()
    fitted = fit(SceneConfig(components=4), x)
    out = fitted.apply(x)
    assert out.dtype == np.float32
    np.testing.assert_allclose(np.cov(out.T), np.eye(4), atol=1e-3)
    again = fit(SceneConfig(components=4), x[::-1])  # the same pixels, summed in another order
    np.testing.assert_allclose(fitted.matrix, again.matrix, rtol=1e-7, atol=1e-10)
    assert 0.5 < fitted.explained < 1


def test_smoothing_is_savitzky_golay_s_and_comes_before_the_rest() -> None:
    x = spectra()
    config = SceneConfig(reduction="none", smooth=5, standardise=False)
    np.testing.assert_allclose(fit(config, x).apply(x), savgol_filter(x, 5, 2, axis=1), rtol=1e-5)
    config = SceneConfig(components=3, smooth=7)
    expected = PCA(3, whiten=True).fit_transform(savgol_filter(x, 7, 2, axis=1))
    np.testing.assert_allclose(signed(fit(config, x).apply(x), expected), expected, atol=1e-3)


def test_without_components_bands_are_standardised_unless_told_otherwise() -> None:
    x = spectra()
    x[:, 3] = 7.0  # a dead band stays finite
    out = fit(SceneConfig(reduction="none"), x).apply(x)
    np.testing.assert_allclose(out, StandardScaler().fit_transform(x), atol=1e-4)
    raw = fit(SceneConfig(reduction="none", standardise=False), x).apply(x)
    np.testing.assert_array_equal(raw, x.astype(np.float32))


@pytest.mark.parametrize(("text", "kept"), [
    ("5-7,2",   [1, 4, 5, 6]),
    ("1,1-3",   [0, 1, 2]),
    ("12",      [11]),
    ("",        [0, 4, 7, 11]),  # 4 of 12, evenly spread
])  # fmt: skip
def test_bands_are_counted_from_one(text: str, kept: list[int]) -> None:
    config = SceneConfig(reduction="bands", bands=text, components=4, standardise=False)
    assert chosen_bands(config, BANDS).tolist() == kept
    x = spectra()
    np.testing.assert_array_equal(fit(config, x).apply(x), x[:, kept].astype(np.float32))


@pytest.mark.parametrize("text", ["0", "13", "a-b", "7-5", "1-2-3", "3,,4", "-4"])
def test_bands_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="1 to 12") as caught:
        fit(SceneConfig(reduction="bands", bands=text), spectra())
    assert text in str(caught.value)


def test_test_pixels_are_not_looked_at_unless_asked_for() -> None:
    cube = spectra(600).reshape(20, 30, BANDS)
    train, valid = np.zeros((20, 30), bool), np.ones((20, 30), bool)
    train[:8] = True
    other = cube.copy()
    other[8:] *= 3
    config = SceneConfig(components=4)
    learned = fit_scene(config, cube, train=train, valid=valid)
    np.testing.assert_array_equal(learned.matrix, fit_scene(config, other, train=train, valid=valid).matrix)
    assert (learned.pixels, learned.fit_on) == (240, "train")
    on_scene = SceneConfig(components=4, fit_on="scene")
    seen = fit_scene(on_scene, cube, train=train, valid=valid)
    assert not np.allclose(seen.matrix, fit_scene(on_scene, other, train=train, valid=valid).matrix)
    assert "600" in str(seen.note)
    assert "test pixels included" in str(seen.note)
    assert "240 training pixels only" in str(learned.note)


def test_strips_change_nothing_and_a_mapped_cube_is_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cube = spectra(600).round().astype(np.int16).reshape(20, 30, BANDS)
    config, valid = SceneConfig(components=4), np.ones((20, 30), bool)
    whole = fit_scene(config, cube, train=valid, valid=valid)
    np.save(tmp_path / "cube.npy", cube)
    mapped = np.load(tmp_path / "cube.npy", mmap_mode="r")
    monkeypatch.setattr(preprocess, "STRIP", 3 * 30 * BANDS)
    parts = fit_scene(config, mapped, train=valid, valid=valid)
    np.testing.assert_allclose(parts.matrix, whole.matrix, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(whole.apply(mapped), whole.apply(cube))
    assert [len(range(20)[s]) for s in preprocess.strips(mapped)] == [3] * 6 + [2]


def test_memory_is_that_of_a_strip_however_large_the_cube(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """12 MB of int16 on disk: no more than a few strips of 0.5 MB as float64, beside what comes out."""
    monkeypatch.setattr(preprocess, "STRIP", 1 << 16)
    cube = np.random.default_rng(0).integers(0, 4000, (256, 256, 96)).astype(np.int16)
    np.save(tmp_path / "cube.npy", cube)
    del cube
    mapped, valid = np.load(tmp_path / "cube.npy", mmap_mode="r"), np.ones((256, 256), bool)
    tracemalloc.start()
    try:
        fitted = fit_scene(SceneConfig(components=2, fit_on="scene"), mapped, train=valid, valid=valid)
        out = fitted.apply(mapped)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - out.nbytes < 6 * 8 * preprocess.STRIP


def test_pixels_without_a_measurement_become_zero() -> None:
    cube = spectra(60).reshape(6, 10, BANDS)
    fitted = fit(SceneConfig(components=3), cube)
    cube[1, 2, 5], cube[3, 3, 0] = np.nan, np.inf
    valid = np.ones((6, 10), bool)
    valid[5, 9] = False
    out = fitted.apply(cube, valid)
    assert {tuple(place) for place in np.argwhere((out == 0).all(-1))} == {(1, 2), (3, 3), (5, 9)}


def test_saved_and_loaded_bit_for_bit(tmp_path: Path) -> None:
    x = spectra()
    fitted = fit(SceneConfig(components=6, smooth=5, fit_on="scene"), x)
    fitted.save(tmp_path / "preprocess.npz")
    again = load(tmp_path / "preprocess.npz")
    assert again.matrix.tobytes() == fitted.matrix.tobytes()
    assert again.apply(x).tobytes() == fitted.apply(x).tobytes()
    assert (again.fit_on, again.pixels, again.explained) == ("scene", 400, fitted.explained)
    assert (again.bands, again.components) == (BANDS, 6)
    assert again.note == fitted.note


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (SceneConfig(components=3), "its components keep"),
        (SceneConfig(reduction="none"), "deviation of each band were fitted on the 400 training"),
        (SceneConfig(bands="2-5", fit_on="scene"), "deviation of each band were fitted on all 400 valid"),
        (SceneConfig(reduction="none", standardise=False), "Nothing was fitted"),
    ],
)
def test_components_are_spoken_of_only_where_there_are_some(config: SceneConfig, words: str) -> None:
    said = str(fit(config, spectra()).note)
    assert words in said
    assert ("components" in said) == (words == "its components keep")


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"PK\x03\x04cut"])
def test_a_file_that_is_none_is_one_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "preprocess.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"preprocess\.npz") as caught:
        load(path)
    assert caught.value.kind == "scene-preprocess-unreadable"


@pytest.mark.parametrize(("settings", "count", "kind"), [
    ({"components": 13},                                   400, "scene-components-bands"),
    ({"components": 13, "reduction": "bands"},             400, "scene-components-bands"),
    ({"components": 9},                                      8, "scene-components-pixels"),
    ({"components": 8},                                      8, "scene-components-directions"),  # n - 1 directions
    ({"components": 3, "smooth": 13},                      400, "scene-smooth-too-wide"),
    ({"components": 3},                                      0, "scene-fit-no-pixels"),
])  # fmt: skip
def test_what_cannot_be_learned_is_one_line(settings: dict, count: int, kind: str) -> None:
    with pytest.raises(DataError) as caught:
        fit(SceneConfig(**settings), spectra(count))
    assert caught.value.kind == kind
    assert "\n" not in str(caught.value)


def test_a_band_of_nan_is_named() -> None:
    x = spectra()
    x[:, 4] = np.nan
    with pytest.raises(DataError, match="Bands 5 "):
        fit(SceneConfig(components=3), x)


def test_a_band_that_is_left_out_may_hold_anything() -> None:
    x = spectra()
    config = SceneConfig(reduction="bands", bands="1-4,6-12")
    expected = fit(config, x).apply(x)
    x[:, 4] = np.nan
    np.testing.assert_array_equal(fit(config, x).apply(x), expected)
    assert np.isnan(x[:, 4]).all()


def test_another_number_of_bands_is_refused() -> None:
    fitted: Fitted = fit(SceneConfig(components=3), spectra())
    with pytest.raises(DataError, match="11 bands; expected 12"):
        fitted.apply(spectra(5, 11))


@pytest.mark.parametrize("values", [
    {"window": 24}, {"window": 0}, {"smooth": 3}, {"smooth": 6}, {"components": 0}, {"train_fraction": 0.0},
    {"train_per_class": 0}, {"split": "maps"}, {"split": "maps", "train_map": "a"}, {"train_map": "a"},
])  # fmt: skip
def test_settings_out_of_range(values: dict) -> None:
    with pytest.raises(UsageError, match="expected"):
        SceneConfig(**values)

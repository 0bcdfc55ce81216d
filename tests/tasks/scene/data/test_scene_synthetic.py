"""Synthetic scenes: seeded, of any size, mixed linearly, and never taken for a measurement."""

import numpy as np
import pytest

from lissom.errors import UsageError
from lissom.tasks.scene.data.arrangement import explained
from lissom.tasks.scene.data.opening import open_scene
from lissom.tasks.scene.data.scene import check_trainable
from lissom.tasks.scene.data.synthetic import abundances, endmembers, synthetic_scene


def test_the_same_seed_gives_the_same_scene_and_another_seed_another() -> None:
    assert synthetic_scene(20, 24, 8, 3, seed=5).digest == synthetic_scene(20, 24, 8, 3, seed=5).digest
    assert synthetic_scene(20, 24, 8, 3, seed=5).digest != synthetic_scene(20, 24, 8, 3, seed=6).digest


def test_it_says_that_it_is_synthetic() -> None:
    scene = open_scene("synthetic")
    assert scene.name == "synthetic"
    assert scene.source == "synthetic (seed 0)"
    assert all("synthetic" in name for name in scene.class_names)


@pytest.mark.parametrize("size", [(20, 24, 8, 3), (4, 4, 2, 1), (1, 64, 5, 2), (30, 7, 200, 13), (40, 40, 3, 100)])
def test_any_size_bands_and_classes(size: tuple[int, int, int, int]) -> None:
    scene = synthetic_scene(*size)
    assert scene.cube.shape == size[:3]
    assert scene.cube.dtype == np.uint16
    assert scene.class_ids == tuple(range(1, size[3] + 1))
    assert np.bincount(scene.labels[scene.labels >= 0], minlength=size[3]).min() >= 1
    assert scene.wavelengths_nm is not None
    assert (scene.wavelengths_nm[0], scene.wavelengths_nm[-1]) == (400, 2500)


@pytest.mark.parametrize("size", [(4, 4, 5, 2), (8, 8, 1, 2), (8, 8, 5, 0), (0, 8, 5, 1)])
def test_sizes_that_cannot_be(size: tuple[int, int, int, int]) -> None:
    with pytest.raises(UsageError, match="at least 16 pixels a class"):
        synthetic_scene(*size)


def test_shares_are_shares_and_classes_cover_about_equal_areas() -> None:
    shares = abundances(60, 60, 5, np.random.default_rng(0))
    assert shares.min() >= 0
    assert shares.sum(0) == pytest.approx(1, abs=1e-5)
    assert np.bincount(shares.argmax(0).ravel()) / 3600 == pytest.approx(0.2, abs=0.08)


def test_spectra_are_smooth_reflectances_that_differ() -> None:
    spectra = endmembers(6, np.linspace(400, 2500, 200), np.random.default_rng(0))
    assert spectra.min() >= 0.02
    assert spectra.max() <= 0.9
    assert np.abs(np.diff(spectra, axis=1)).max() < 0.1
    assert min(np.abs(a - b).mean() for i, a in enumerate(spectra) for b in spectra[:i]) > 0.02


def test_without_noise_a_pure_pixel_is_its_spectrum_times_the_light() -> None:
    scene = synthetic_scene(48, 48, 12, 3, seed=1, snr_db=200, labelled=0.05)
    for place in range(3):
        pixels = scene.cube[scene.labels == place].astype(float)
        directions = pixels / np.linalg.norm(pixels, axis=1, keepdims=True)
        assert (directions @ directions.mean(0)).min() > 0.995  # one direction: the light changes length alone


def test_neighbours_are_alike_and_classes_can_be_told_apart() -> None:
    scene = synthetic_scene(64, 64, 16, 4)
    same = scene.labels[:, 1:] == scene.labels[:, :-1]
    assert same.mean() > 0.8  # a random map of these areas: 0.26
    check_trainable(scene)
    assert explained(scene.cube.astype(float), scene.labels, scene.valid) > 0.5


@pytest.mark.parametrize("snr_db", [10.0, 30.0])
def test_noise_has_the_power_that_is_asked_for(snr_db: float) -> None:
    noisy, clean = (synthetic_scene(40, 40, 20, 3, seed=2, snr_db=db).cube.astype(float) for db in (snr_db, 200.0))
    got = 10 * np.log10((clean**2).mean() / ((noisy - clean) ** 2).mean())
    assert got == pytest.approx(snr_db, abs=1.5)  # clipping at 0 and the light move it a little


@pytest.mark.parametrize(("labelled", "share"), [(1.0, 1.0), (0.5, 0.5), (0.1, 0.1)])
def test_the_share_that_is_labelled(labelled: float, share: float) -> None:
    assert (synthetic_scene(64, 64, 4, 4, labelled=labelled).labels >= 0).mean() == pytest.approx(share, abs=0.01)

"""Classical classifiers behind one interface: they learn, repeat themselves, and bear classes of one pixel or none."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from lissom.errors import DataError, UsageError
from lissom.tasks.scene import classical
from lissom.tasks.scene.classical import CLASSICAL, PixelClassifier

EVERY = pytest.mark.parametrize("name", CLASSICAL)


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classical, "TREES", 40)


def spectra(count: int = 120, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Classes apart by two standard deviations in each of 8 bands of very different size."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    means = np.random.default_rng(5).normal(0, 2, (classes, 8))
    return (means[labels] + rng.normal(size=(count, 8))) * np.logspace(0, 4, 8), labels


@EVERY
def test_it_learns_and_gives_shares_that_sum_to_one(name: str) -> None:
    model = PixelClassifier(name, num_classes=4).fit(*spectra())
    pixels, labels = spectra(400, seed=1)
    shares = model.proba(pixels)
    assert (model.predict(pixels) == labels).mean() > 0.9
    assert shares.dtype == np.float32
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)
    np.testing.assert_array_equal(shares.argmax(1), model.predict(pixels))


@EVERY
def test_the_same_seed_gives_the_same_answers(name: str) -> None:
    pixels, _ = spectra(200, seed=1)
    one, again = (PixelClassifier(name, num_classes=4, seed=3).fit(*spectra()).proba(pixels) for _ in range(2))
    assert one.tobytes() == again.tobytes()


@EVERY
def test_a_scene_is_answered_in_its_own_shape_whatever_the_parts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = PixelClassifier(name, num_classes=6).fit(*spectra())
    cube = spectra(60, seed=2)[0].reshape(5, 12, 8)
    whole = model.proba(cube)
    monkeypatch.setattr(classical, "AT_ONCE", 7)
    np.testing.assert_allclose(model.proba(cube), whole, atol=1e-6)
    assert (whole.shape, model.predict(cube).shape) == ((5, 12, 6), (5, 12))


@EVERY
def test_classes_of_one_pixel_train_and_missing_ones_are_never_named(name: str) -> None:
    pixels, labels = spectra()
    labels = np.where(labels == 3, 5, labels)  # 3 and 4 are missing
    keep = (labels != 5) | (np.cumsum(labels == 5) == 1)  # one pixel of class 5
    model = PixelClassifier(name, num_classes=7).fit(pixels[keep], labels[keep])
    shares = model.proba(spectra(200, seed=1)[0])
    assert not shares[:, [3, 4, 6]].any()
    assert shares[:, 5].max() > 0
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)


@EVERY
@pytest.mark.parametrize("per_class", [1, 2])
def test_two_classes_of_a_pixel_or_two(name: str, per_class: int) -> None:
    pixels, labels = spectra(2 * per_class, classes=2)
    model = PixelClassifier(name, num_classes=2).fit(pixels, labels)
    assert model.proba(pixels).shape == (2 * per_class, 2)
    if name == "svm":
        np.testing.assert_array_equal(model.predict(pixels), labels)


def test_answers_are_those_of_scikit_learn_with_the_chosen_settings() -> None:
    pixels, labels = spectra()
    others = spectra(300, seed=1)[0]
    scaler = StandardScaler().fit(pixels)
    svm = PixelClassifier("svm", num_classes=4).fit(pixels, labels)
    assert svm.settings["C"] in classical.COSTS
    expected = SVC(**svm.settings).fit(scaler.transform(pixels), labels).predict(scaler.transform(others))
    assert (svm.predict(others) == expected).mean() > 0.99  # votes that tie are broken by decision value
    knn = PixelClassifier("knn", num_classes=4).fit(pixels, labels)
    plain = KNeighborsClassifier(5).fit(scaler.transform(pixels), labels)
    np.testing.assert_allclose(knn.proba(others), plain.predict_proba(scaler.transform(others)), atol=1e-6)
    forest = PixelClassifier("random_forest", num_classes=4, seed=2).fit(pixels, labels)
    trees = RandomForestClassifier(40, random_state=2).fit(pixels, labels)
    np.testing.assert_allclose(forest.proba(others), trees.predict_proba(others), atol=1e-6)


@EVERY
def test_what_cannot_be_learned_is_one_line(name: str) -> None:
    pixels, labels = spectra()
    with pytest.raises(DataError, match="2 or more classes"):
        PixelClassifier(name, num_classes=4).fit(pixels, np.zeros_like(labels))
    pixels[3, 2] = np.nan
    with pytest.raises(DataError, match="1 training pixels"):
        PixelClassifier(name, num_classes=4).fit(pixels, labels)


def test_an_unknown_name_suggests_near_ones() -> None:
    with pytest.raises(UsageError, match="random_forest"):
        PixelClassifier("random_forrest", num_classes=2)


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "least"), [("svm", 0.98), ("random_forest", 0.97), ("knn", 0.97)])
def test_salinas_a_by_its_spectra_alone(real_data: Path, name: str, least: float) -> None:
    cube = loadmat(real_data / "salinas_a" / "SalinasA_corrected.mat")["salinasA_corrected"].astype(np.float32)
    truth = loadmat(real_data / "salinas_a" / "SalinasA_gt.mat")["salinasA_gt"]
    labels = np.searchsorted(np.unique(truth), truth)[truth > 0] - 1
    pixels = cube[truth > 0]
    train = np.random.default_rng(0).random(len(labels)) < 0.1
    model = PixelClassifier(name, num_classes=6).fit(pixels[train], labels[train])
    assert (model.predict(pixels[~train]) == labels[~train]).mean() > least

"""Ground truth of classes with one labelled pixel each: they train, and what they leave to test is said."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lissom
from lissom.errors import DataError

QUICK: dict[str, Any] = {"model": "cnn1d", "epochs": 1, "batch_size": 8, "threads": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("single")
    cube = np.random.default_rng(0).integers(0, 1000, (16, 16, 8)).astype(np.uint16)
    np.save(folder / "cube.npy", cube)
    np.save(folder / "other.npy", cube[::-1])
    ids = np.diag(np.arange(1, 13)).astype(np.uint8)
    single = np.zeros((16, 16), np.uint8)
    single[:12, :12] = ids
    np.save(folder / "single.npy", single)
    single[14:] = 1
    np.save(folder / "mixed.npy", single)
    return folder


def train(place: Path, *maps: str, name: str, **settings: Any) -> lissom.Run:
    files = {"cube": str(place / "cube.npy"), "ground_truth": str(place / maps[0])}
    return lissom.train("scene", **files, **QUICK | settings, runs_dir=place / "runs", name=name)


@pytest.fixture(scope="module")
def run(place: Path) -> lissom.Run:
    return train(place, "mixed.npy", name="mixed")


@pytest.mark.parametrize("split", ["random", "disjoint"])
@pytest.mark.parametrize("model", ["cnn1d", "knn"])
def test_a_map_of_single_pixels_is_refused(split: str, model: str, place: Path) -> None:
    settings = {"model": model, "split": split}
    chosen = {**settings, "epochs": 100, "batch_size": 256} if model == "knn" else settings
    with pytest.raises(DataError, match="Each of the 12 classes has one labelled pixel"):
        train(place, "single.npy", name="never", **chosen)
    assert not (place / "runs" / "never").exists()


def test_the_check_says_so_before(place: Path) -> None:
    found = lissom.check_data("scene", place / "cube.npy", ground_truth=place / "single.npy")
    assert not found["trainable"]
    assert any("none would be left to test" in told for told in found["warnings"])
    mixed = lissom.check_data("scene", place / "cube.npy", ground_truth=place / "mixed.npy")
    assert mixed["trainable"]
    assert any("Classes with a single labelled pixel (11)" in told for told in mixed["warnings"])


def test_beside_a_larger_class_they_train_untested(run: lissom.Run) -> None:
    told = json.loads((run.path / "evaluation.json").read_text(encoding="utf-8"))
    assert sum(map(sum, told["confusion"])) == run.record.data.sizes["test"]
    assert np.count_nonzero(np.sum(told["confusion"], axis=1)) == 1
    assert any("single labelled pixel" in str(note) for note in run.record.data.warnings)


def test_another_scene_measures_them(place: Path) -> None:
    tested = {"test_cube": str(place / "other.npy"), "test_ground_truth": str(place / "mixed.npy")}
    assert train(place, "single.npy", name="elsewhere", **tested).record.data.sizes["test"] == 44


def test_a_map_of_pixels_that_trained_measures_nothing(run: lissom.Run, place: Path) -> None:
    seen = np.load(run.path / "classified.npz")
    ids = np.where(seen["train"], np.load(place / "mixed.npy"), 0)
    np.save(place / "seen.npy", ids)
    with pytest.raises(DataError, match="have trained it or chosen its weights"):
        lissom.evaluate(run.path, cube=place / "cube.npy", ground_truth=place / "seen.npy")

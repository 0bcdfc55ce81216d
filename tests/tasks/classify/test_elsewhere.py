"""Photos that were moved, changed or are others: what `evaluate` and `inspect` take of them, and what they say."""

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

import lissom
from lissom.training.run import Run
from photos import make_photos

HOW: dict[str, Any] = {"model": "mobilenetv1_cifar", "width": 0.25, "epochs": 1, "batch_size": 8, "threads": 1}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    place = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LISSOM_CACHE", str(place / "cache"))
        data = make_photos(place / "photos", per_class=10)
        return lissom.train("classify", data=data, **HOW, runs_dir=place / "runs", name="first")


@pytest.fixture
def photos(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LISSOM_CACHE", str(tmp_path / "cache"))
    return shutil.copytree(run.config.data.data, tmp_path / "other name")


def test_a_zip_of_the_photos_is_the_run_s_own_data(run: Run, photos: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as file:
        for path in photos.rglob("*.png"):
            file.write(path, Path("any/where") / path.relative_to(photos))
    for data in (photos, tmp_path / "z.zip"):
        found = lissom.evaluate(run, data, write=False)
        assert (found["data"], found["images"]) == ("moved", run.record.data.sizes["test"])
        assert {name: found[name] for name in run.test} == run.test
    assert lissom.inspect(run, photos, write=False)["images"] == run.record.data.sizes["train"]


def test_other_photos_are_measured_whole_and_copies_of_training_images_counted(run: Run, photos: Path) -> None:
    images = run.items
    gone = next(name for name, item in images.items() if item.part == "test")
    (photos / gone).unlink()
    seen = sum(item.part in ("train", "val") for item in images.values())
    found = lissom.evaluate(run, photos, write=False)
    assert (found["data"], found["images"]) == ("other", len(images) - 1)
    told = {note["name"]: note["values"] for note in found["notes"]}
    assert told["verbs.data-copies"] == {"seen": seen, "items": len(images) - 1}
    assert lissom.inspect(run, photos, write=False)["images"] == len(images) - 1

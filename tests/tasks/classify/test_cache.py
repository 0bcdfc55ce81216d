"""A cache saves time and changes nothing: not where it is off, full of another's work, or poisoned."""

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lissom
from lissom.data import digests, sealed
from lissom.errors import UsageError
from lissom.runs.weights import digest, read_weights
from lissom.tasks.classify.prepare import content
from lissom.tasks.classify.settings import ClassifyTrainConfig, DataConfig
from lissom.training.run import Run, items_digest
from photos import make_photos

SETTINGS: dict[str, Any] = {"model": "mobilenetv1_cifar", "width": 0.25, "epochs": 2, "batch_size": 8, "threads": 1}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LISSOM_CACHE", str(tmp_path / "cache"))
    return tmp_path


def small(folder: Path) -> Path:
    return make_photos(folder, per_class=8)


def large(folder: Path) -> Path:
    """One photo of 120 x 100 pixels stands among small ones: with it, the data is large."""
    noise = np.random.default_rng(0).integers(0, 256, (100, 120, 3), np.uint8)
    Image.fromarray(noise).save(small(folder) / "one" / "7.png")
    return folder


def train(place: Path, data: Path, name: str, **settings: Any) -> Run:
    settings = {"data": data, "runs_dir": place / "runs", "name": name, **SETTINGS, **settings}
    return lissom.train("classify", **settings)


def weights(run: Run) -> str:
    return digest(read_weights(run.path / "last.safetensors")[0])


def found(data: Path | str, place: Path, **settings: Any) -> dict[str, str]:
    config = ClassifyTrainConfig(data=DataConfig(data=str(data), cache_dir=str(place / "cache"), **settings))
    return dict(content(config))


class TestContent:
    def test_it_stays_wherever_the_same_images_lie(self, place: Path) -> None:
        photos = small(place / "photos")
        before = found(photos, place)
        assert set(before) >= {"one/0.png", "zero/7.png"}
        os.utime(photos / "one" / "0.png", (1e9, 1e9))
        (photos / "README.txt").write_text("beside them")
        shutil.copytree(photos, place / "deep" / "er" / "copy")
        with zipfile.ZipFile(place / "z.zip", "w") as file:
            for path in sorted(photos.rglob("*.png"), reverse=True):
                file.write(path, path.relative_to(place))
        for data in (photos, place / "deep" / "er" / "copy", place / "deep", place / "z.zip"):
            assert found(data, place) == before, data

    def test_one_changed_byte_is_named(self, place: Path) -> None:
        photos = small(place / "photos")
        before, file = found(photos, place), photos / "one" / "3.png"
        found(photos, place)
        status = file.stat()
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))  # size and time of change as before
        after = found(photos, place)
        assert {name for name in before if before[name] != after[name]} == {"one/3.png"}

    def test_an_index_serves_until_it_is_edited(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lissom.data.folders.YOUNG_NS", 0)
        read: list[str] = []
        look = digests._look
        monkeypatch.setattr(digests, "_look", lambda files, name: read.append(name) or look(files, name))
        photos = small(place / "photos")
        before = found(photos, place)
        assert len(read) == 24
        assert found(photos, place) == before
        assert len(read) == 24
        (index,) = (place / "cache" / "digests").glob("*.index")
        index.write_bytes(index.read_bytes().replace(before["one/0.png"].encode(), b"0" * 32))
        assert found(photos, place) == before
        assert len(read) == 48

    def test_data_and_run_agree_on_it(self, place: Path) -> None:
        run = train(place, small(place / "photos"), "a", epochs=1)
        assert run.record.data.digest == items_digest(found(place / "photos", place))
        digits = lissom.train("classify", **{**SETTINGS, "epochs": 1, "batch_size": 512, "name": "d"}, runs_dir=place)
        assert digits.record.data.digest == items_digest(found("digits", place))


@pytest.mark.parametrize("make", [small, large])
def test_cached_or_streamed_by_any_number_of_workers_trains_the_same_weights(
    place: Path, make: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = make(place / "photos")
    settings: dict[str, Any] = {"resolution": 32, "randaugment": 1, "cutout": 4}
    runs = [
        train(place, photos, f"{cache}-{workers}", cache=cache, workers=workers, **settings)
        for cache, workers in (("auto", 0), ("never", 0), ("never", 2), ("always", 2))
    ]
    assert len({weights(run) for run in runs}) == 1
    assert len({repr((run.facts, run.test, run.record.data.digest)) for run in runs}) == 1
    kept = {path.suffix for path in (place / "cache" / "images").iterdir()}
    assert (".npy" if make is small else ".pixels") in kept


def poison(cache: Path, data: Path, how: str) -> None:
    images = cache / "images"
    (pixels,) = images.glob("*.npy")
    if how == "never":
        train(cache.parent, data, "other", cache="never", epochs=1)
    elif how == "pixels":
        np.save(pixels, np.random.default_rng(0).integers(0, 256, np.load(pixels).shape, np.uint8))
    elif how == "cut":
        pixels.write_bytes(pixels.read_bytes()[:-5])
    elif how == "renamed":
        train(cache.parent, data, "other", resolution=48, epochs=1)
        (other,) = images.glob("*-48.npy")
        for ending in ("", ".seal"):
            other.with_name(other.name + ending).replace(pixels.with_name(pixels.name + ending))
    elif how == "index":
        for index in (cache / "digests").glob("*.index"):
            index.write_bytes(index.read_bytes().replace(b",32]", b",320]"))
    else:
        shutil.rmtree(cache)


@pytest.mark.parametrize("how", ["never", "pixels", "cut", "renamed", "index", "deleted"])
def test_a_poisoned_cache_changes_no_figure(place: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lissom.data.folders.YOUNG_NS", 0)
    photos = small(place / "photos")
    run = train(place, photos, "a", cache="auto")
    poison(place / "cache", photos, how)
    again = train(place, photos, "b")
    assert weights(again) == weights(run)
    assert again.config == run.config
    assert lissom.evaluate(run, write=False).values == lissom.evaluate(again, write=False).values == run.test


def test_a_verified_mark_and_an_unpacked_tar_are_proven(place: Path) -> None:
    photos = small(place / "photos")
    shutil.make_archive(str(place / "t"), "gztar", place, "photos")
    before = found(place / "t.tar.gz", place)
    (plain,) = (place / "cache" / "archives").glob("*.tar")
    plain.write_bytes(plain.read_bytes().replace(b"IDAT", b"IDAX"))
    assert not sealed.is_sound(plain)
    assert found(place / "t.tar.gz", place) == before == found(photos, place)


class TestWhatTheDataDecides:
    def test_it_stands_in_the_settings_of_the_run(self, place: Path) -> None:
        digits = small(place / "digits")  # a folder of that name is mirrored like any other
        config = train(place, digits, "a", epochs=1).config
        assert (config.data.resolution, config.augment.crop, config.augment.flip) == (32, 4, True)
        config = train(place, large(place / "large"), "b", epochs=1, resolution=40).config
        assert (config.data.resolution, config.augment.crop, config.augment.flip) == (40, None, True)

    @pytest.mark.parametrize(
        ("make", "settings"),
        [
            (small, {"download": True}),
            (small, {"crop": 32}),
            (large, {"crop": 4, "resolution": 32}),
        ],
    )
    def test_a_setting_without_effect_is_refused(
        self, place: Path, make: Callable[[Path], Path], settings: dict[str, Any]
    ) -> None:
        with pytest.raises(UsageError, match=next(iter(settings))):
            train(place, make(place / "photos"), "a", **settings)
        assert not (place / "runs" / "a").exists()

    @pytest.mark.parametrize("name", ["val_fraction", "test_fraction", "split_seed"])
    def test_nothing_is_drawn_where_every_part_is_given(self, place: Path, name: str) -> None:
        for part in ("train", "val", "test"):
            make_photos(place / "photos" / part, per_class=4)
        with pytest.raises(UsageError, match=name):
            train(place, place / "photos", "a", **{name: 1 if name == "split_seed" else 0.3})

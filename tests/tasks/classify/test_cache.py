"""A cache saves time and changes nothing: not where it is off, full of another's work, or poisoned."""

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import lissom
from lissom.config import updated_flat
from lissom.data import digests, sealed, side_by_side
from lissom.errors import DataError, Interrupted, UsageError
from lissom.events import EpochEnded
from lissom.runs.weights import digest, read_weights
from lissom.tasks.classify.data.batches import EvalBatches, TrainBatches
from lissom.tasks.classify.data.images import ImageData
from lissom.tasks.classify.prepare import content, decide, load_data
from lissom.tasks.classify.settings import AugmentConfig, ClassifyTrainConfig, DataConfig
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


def used(place: Path, **settings: Any) -> ImageData:
    return load_data(updated_flat(ClassifyTrainConfig(), {"cache_dir": str(place / "cache"), **SETTINGS, **settings}))


def seen(data: ImageData, **augment: Any) -> list[torch.Tensor]:
    """All that a training and its validation would see in an epoch."""
    train = TrainBatches(data, data, AugmentConfig(randaugment=1, cutout=4, **augment), batch_size=8)
    return [batch.images for step in train.epoch(1) for batch in step] + [b.images for b in EvalBatches(data.val, data)]


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
        for data in (small(place / "photos"), "digits"):
            assert used(place, data=data).used.digest == items_digest(found(data, place))


@pytest.mark.parametrize("make", [small, large])
def test_cached_or_streamed_by_any_number_of_workers_trains_the_same_weights(
    place: Path, make: Callable[[Path], Path]
) -> None:
    photos = make(place / "photos")
    datas = [
        used(place, data=photos, cache=cache, workers=workers, resolution=32)
        for cache, workers in (("auto", 0), ("never", 0), ("never", 2), ("always", 0), ("always", 2))
    ]
    views = [seen(data) for data in datas]
    for data, view in zip(datas, views, strict=True):
        assert (data.facts, data.small, data.used) == (datas[0].facts, make is small, datas[0].used)
        assert all(a.equal(b) for a, b in zip(view, views[0], strict=True))
    runs = [
        train(place, photos, cache, cache=cache, workers=workers, resolution=32, epochs=1)
        for cache, workers in (("never", 2), ("always", 0))
    ]
    assert weights(runs[0]) == weights(runs[1])
    assert (runs[0].facts, runs[0].test) == (runs[1].facts, runs[1].test)
    kept = {path.suffix for path in (place / "cache" / "images").iterdir()}
    assert (".npy" if make is small else ".pixels") in kept


def poison(cache: Path, data: Path, how: str) -> None:
    images = cache / "images"
    (pixels,) = images.glob("*.npy")
    if how == "never":
        used(cache.parent, data=data, cache="never")
    elif how == "pixels":
        np.save(pixels, np.random.default_rng(0).integers(0, 256, np.load(pixels).shape, np.uint8))
    elif how == "cut":
        pixels.write_bytes(pixels.read_bytes()[:-5])
    elif how == "renamed":
        used(cache.parent, data=data, resolution=48)
        (other,) = images.glob("*-48.npy")
        for ending in ("", ".seal"):
            other.with_name(other.name + ending).replace(pixels.with_name(pixels.name + ending))
    elif how == "index":
        for index in (cache / "digests").glob("*.index"):
            index.write_bytes(index.read_bytes().replace(b",32]", b",320]"))
    else:
        shutil.rmtree(cache)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """A run, and its cache as it left it."""
    place = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LISSOM_CACHE", str(place / "kept"))
        patch.setattr("lissom.data.folders.YOUNG_NS", 0)
        return train(place, small(place / "photos"), "a"), place / "kept"


@pytest.mark.parametrize("how", ["never", "pixels", "cut", "renamed", "index", "deleted"])
def test_a_poisoned_cache_changes_no_figure(
    place: Path, trained: tuple[Run, Path], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lissom.data.folders.YOUNG_NS", 0)
    (run, kept), cache = trained, place / "cache"
    photos = Path(run.config.data.data)
    before = seen(used(place, data=photos, cache="never"))
    shutil.rmtree(cache)
    shutil.copytree(kept, cache)
    poison(cache, photos, how)
    figures = lissom.evaluate(run, write=False)
    assert {name: figures[name] for name in run.test} == run.test
    again = used(place, data=photos)
    assert again.facts == run.facts
    assert again.used.digest == run.record.data.digest
    assert all(a.equal(b) for a, b in zip(seen(again), before, strict=True))


def test_a_poisoned_cache_changes_no_resumed_weight(place: Path) -> None:
    photos, stop = small(place / "photos"), lissom.Stop()
    whole = train(place, photos, "whole", epochs=3)

    def after_one(event: object) -> None:
        if isinstance(event, EpochEnded):
            stop.ask()

    with pytest.raises(Interrupted):
        train(place, photos, "stopped", epochs=3, listener=after_one, stop=stop)
    poison(place / "cache", photos, "pixels")
    train(place, photos, "other", epochs=1, cache="never", resolution=16)
    found = lissom.resume(place / "runs" / "stopped")
    assert (found.facts.resolution, found.config.data.resolution) == (32, 32)
    assert weights(found) == weights(whole)
    assert found.test == whole.test


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
        digits = train(place, small(place / "digits"), "a", epochs=1).config  # mirrored like any other folder
        assert (digits.data.resolution, digits.augment.crop, digits.augment.flip) == (32, 4, True)
        config = ClassifyTrainConfig(data=DataConfig(data=str(large(place / "large")), resolution=40))
        config = decide(config, load_data(config))
        assert (config.data.resolution, config.augment.crop, config.augment.flip) == (40, None, True)
        config = decide(ClassifyTrainConfig(), load_data(ClassifyTrainConfig()))
        assert (config.data.resolution, config.augment.crop, config.augment.flip) == (32, 4, False)

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


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_processes_that_look_at_images_find_what_one_finds(
    place: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(side_by_side, "MANY", 1)
    monkeypatch.setattr(side_by_side.look_at_each, "__kwdefaults__", {"chunk": 5, "forks": True})
    photos = small(place / "photos")
    if packed:
        photos = Path(shutil.make_archive(str(place / "packed"), "zip", place, "photos"))
    data = [used(place, data=photos, cache_dir=place / f"cache-{workers}", workers=workers) for workers in (0, 2, 3)]
    assert data[0].used == data[1].used == data[2].used
    assert data[0].items == data[1].items == data[2].items
    assert data[0].facts == data[1].facts == data[2].facts
    indices = range(len(data[0].train))
    assert all(torch.equal(data[0].train.pixels(indices), other.train.pixels(indices)) for other in data[1:])


def test_processes_name_all_images_that_cannot_be_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "MANY", 1)
    photos, told = small(place / "photos"), set()
    for name in ("one/3.png", "seven/5.png"):
        (photos / name).write_bytes((photos / name).read_bytes()[:60])
    for workers in (0, 2):
        with pytest.raises(DataError, match=r"one/3\.png.*seven/5\.png") as raised:
            used(place, data=photos, cache_dir=place / f"cache-{workers}", workers=workers)
        told.add(str(raised.value))
    assert len(told) == 1

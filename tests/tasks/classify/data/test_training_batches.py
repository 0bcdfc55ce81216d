"""Batches are the same for whoever asks, and every image of a batch is changed in its own way."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from lissom.data.order import epoch_order
from lissom.data.pixels import CachedPixels, StreamedPixels
from lissom.errors import DataError
from lissom.tasks.classify.data.augment import Augment, crop_and_flip, cut_out, mix, mixed_targets
from lissom.tasks.classify.data.batches import Batch, EvalBatches, Normaliser, TrainBatches
from lissom.tasks.classify.data.crops import Item, read_square
from lissom.tasks.classify.data.images import ImageData, load
from lissom.tasks.classify.data.randaugment import rand_augment
from lissom.tasks.classify.objective import class_weights
from lissom.tasks.classify.settings import AugmentConfig, DataConfig
from photos import make_photos

EVERYTHING = AugmentConfig(crop=4, flip=True, cutout=8, mixup=0.4, cutmix=1.0, randaugment=2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ImageData:
    folder = tmp_path_factory.mktemp("batches")
    return load(DataConfig(data=str(make_photos(folder / "photos"))), cache_dir=folder / "cache")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> ImageData:
    """Photos of 120 x 150 pixels, too large to be cached."""
    folder = tmp_path_factory.mktemp("large")
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(12):
            noise = Image.fromarray(rng.integers(0, 256, (6, 5, 3), np.uint8))
            noise.resize((120, 150), Image.Resampling.NEAREST).save(folder / "photos" / name / f"{number}.jpg")
    return load(DataConfig(data=str(folder / "photos"), resolution=32), cache_dir=folder / "cache")


def batches(data: ImageData, augment: AugmentConfig = EVERYTHING, **options: object) -> TrainBatches:
    settings: dict = {"batch_size": 16, "parts": 2, "seed": 0} | options
    return TrainBatches(data, data, augment, **settings)


def read_by(data: ImageData, workers: int) -> ImageData:
    store = data.train.store
    assert isinstance(store, StreamedPixels)
    return replace(
        data, train=replace(data.train, store=StreamedPixels(store.source, store.resolution, workers=workers))
    )


def assert_equal(a: Batch, b: Batch) -> None:
    assert a.images.equal(b.images)
    assert a.labels.equal(b.labels)
    assert a.indices.equal(b.indices)
    assert (a.targets is None and b.targets is None) or a.targets.equal(b.targets)  # type: ignore[union-attr]


class TestRepeatable:
    def test_from_any_step_on(self, data: ImageData) -> None:
        whole = list(batches(data).epoch(3, parts=range(2)))
        assert len(whole) == batches(data).steps_per_epoch == len(data.train) // 16
        rest = list(batches(data).epoch(3, start_step=2, parts=range(2)))
        assert len(rest) == len(whole) - 2
        for a, b in zip(whole[2:], rest, strict=True):
            for part in range(2):
                assert_equal(a[part], b[part])

    def test_two_ranks_see_the_parts_of_one_process(self, data: ImageData) -> None:
        whole = list(batches(data).epoch(0, parts=range(2)))
        for rank in range(2):
            alone = list(batches(data).epoch(0, parts=range(rank, rank + 1)))
            for a, b in zip(whole, alone, strict=True):
                assert len(b) == 1
                assert_equal(a[rank], b[0])

    def test_epochs_and_seeds_differ(self, data: ImageData) -> None:
        first = next(batches(data).epoch(0, parts=range(1)))[0]
        assert not first.images.equal(next(batches(data).epoch(1, parts=range(1)))[0].images)
        assert not first.images.equal(next(batches(data, seed=1).epoch(0, parts=range(1)))[0].images)

    def test_an_epoch_sees_every_image_at_most_once(self, data: ImageData) -> None:
        seen = torch.cat([batch.indices for step in batches(data).epoch(0, parts=range(2)) for batch in step])
        assert len(seen.unique()) == len(seen) == 16 * (len(data.train) // 16)

    @pytest.mark.parametrize("workers", [0, 2])
    def test_streamed_images_come_the_same_from_any_number_of_workers(self, large: ImageData, workers: int) -> None:
        assert not large.small
        with_workers = read_by(large, workers)
        reference = list(batches(read_by(large, 0), AugmentConfig(), batch_size=8).epoch(1, parts=range(2)))
        found = list(batches(with_workers, AugmentConfig(), batch_size=8).epoch(1, parts=range(2)))
        late = list(batches(with_workers, AugmentConfig(), batch_size=8).epoch(1, start_step=1, parts=range(2)))
        for a, b in zip(reference, found, strict=True):
            assert_equal(a[1], b[1])
        assert_equal(found[1][0], late[0][0])

    def test_streamed_crops_differ_from_epoch_to_epoch(self, large: ImageData) -> None:
        plain = AugmentConfig(flip=False)
        views = [next(batches(large, plain, batch_size=16, parts=1).epoch(e, parts=range(1)))[0] for e in (0, 1)]
        common = set(views[0].indices.tolist()) & set(views[1].indices.tolist())
        index = next(iter(common))
        a, b = (view.images[view.indices.tolist().index(index)] for view in views)
        assert not a.equal(b)

    def test_a_streamed_crop_is_drawn_from_seed_epoch_and_place_in_the_epoch(self, large: ImageData) -> None:
        plain = AugmentConfig(flip=False)
        for epoch, step in ((0, 0), (2, 1)):
            wanted = batches(large, plain, batch_size=4, parts=2, seed=5).epoch(epoch, start_step=step)
            for part, batch in enumerate(next(wanted)):
                for row, index in enumerate(batch.indices.tolist()):
                    item = Item(int(large.train.indices[index]), (5, epoch, step * 4 + part * 2 + row))
                    crop = read_square(large.train.store.source, 32, item)  # type: ignore[union-attr]
                    assert batch.images[row].equal(Normaliser(large, "cpu", channels_last=True)(np.stack([crop]))[0])

    def test_a_photo_that_breaks_during_training_is_named(self, tmp_path: Path) -> None:
        folder = make_photos(tmp_path / "photos", per_class=8)
        broken = load(DataConfig(data=str(folder), cache="never", resolution=32), cache_dir=tmp_path / "cache")
        for file in folder.rglob("*.*"):
            file.write_bytes(b"no photo")
        for seen in (batches(broken, AugmentConfig(), batch_size=2).epoch(0), EvalBatches(broken.val, broken)):
            with pytest.raises(DataError) as raised:
                next(iter(seen))
            assert raised.value.kind == "image-unreadable"
            assert all(
                name in broken.train.names + broken.val.names for name in raised.value.values["path"].split(", ")
            )


class TestEachImageInItsOwnWay:
    def draws(self, count: int = 64, parts: int = 1, **config: object):
        resolved = Augment.resolve(AugmentConfig(**config), resolution=32, small=True, mirrored=True)  # type: ignore[arg-type]
        return resolved.draw(count, parts, np.random.default_rng(0))

    def test_torchvision_draws_once_for_a_whole_batch(self) -> None:
        """The reason why the batched forms are ours."""
        same = torch.rand(1, 3, 32, 32).expand(64, -1, -1, -1)
        torch.manual_seed(0)
        out = v2.Compose([v2.RandomCrop(32, padding=4), v2.RandomHorizontalFlip()])(same)
        assert len(out.flatten(1).unique(dim=0)) == 1

    def test_ours_draw_for_each_image(self) -> None:
        image = np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3), np.uint8)
        out = crop_and_flip(image, np.zeros(64, np.int64), self.draws(crop=4, flip=True))
        assert len(np.unique(out.reshape(64, -1), axis=0)) > 40  # of 9 x 9 x 2 possible ones

    def test_crop_and_flip_equal_a_plain_loop(self) -> None:
        images = np.random.default_rng(1).integers(0, 256, (5, 32, 32, 3), np.uint8)
        draws = self.draws(crop=4, flip=True)
        chosen = np.arange(64) % 5
        out = crop_and_flip(images, chosen, draws)
        for row, index in enumerate(chosen):
            padded = np.pad(images[index], ((4, 4), (4, 4), (0, 0)), "reflect")
            y, x = draws.shifts[row] + 4
            view = padded[y : y + 32, x : x + 32]
            assert np.array_equal(out[row], view[:, ::-1] if draws.flips[row] else view)

    def test_cutout_blanks_another_square_in_each(self) -> None:
        draws = self.draws(cutout=8)
        out = cut_out(torch.ones(64, 3, 32, 32), draws, 8)
        blank = (out == 0).sum((1, 2, 3)) / 3
        assert blank.max() == 64
        assert blank.min() >= 16  # a corner
        assert len(out.flatten(1).unique(dim=0)) > 40

    @pytest.mark.parametrize("config", [{"mixup": 1.0}, {"cutmix": 1.0}, {"mixup": 1.0, "cutmix": 1.0}])
    def test_mixing_shares_pixels_and_targets_alike(self, config: dict[str, float]) -> None:
        """Images that are all of one class value: the mean of a mixed image tells its shares, as its target does."""
        draws = self.draws(parts=4, **config)
        labels = torch.arange(64) % 2
        images = labels.float().view(-1, 1, 1, 1).expand(-1, 3, 32, 32).clone()
        mixed, own = mix(images, draws)
        targets = mixed_targets(labels, own, draws.partners, 2)
        torch.testing.assert_close(targets.sum(1), torch.ones(64))
        torch.testing.assert_close(mixed.mean((1, 2, 3)), targets[:, 1])
        assert len(targets[:, 1].unique()) > 20

    def test_partners_stay_within_their_part(self) -> None:
        assert (self.draws(parts=4, mixup=1.0).partners // 16 == np.arange(64) // 16).all()

    def test_cutmix_pastes_a_box_of_the_drawn_area(self) -> None:
        draws = self.draws(cutmix=1.0)
        mixed, own = mix(torch.arange(64.0).view(-1, 1, 1, 1).expand(-1, 3, 32, 32).clone(), draws)
        for row in range(64):
            foreign = (mixed[row, 0] != row).float()
            if draws.partners[row] != row:
                assert math.isclose(1 - float(foreign.mean()), float(own[row]), abs_tol=1e-6)
                assert float(foreign.mean()) <= 1 - draws.shares[row] + 0.07  # a box at the edge is smaller

    def test_randaugment_differs_and_keeps_type_and_shape(self) -> None:
        draws = self.draws(randaugment=1)
        image = np.random.default_rng(1).integers(60, 200, (1, 32, 32, 3), np.uint8)
        out = rand_augment(np.repeat(image, 64, 0), draws.operations, draws.signs, 15)
        out = out.numpy() if isinstance(out, torch.Tensor) else out
        assert (out.shape, out.dtype) == ((64, 32, 32, 3), np.uint8)
        assert len(np.unique(out.reshape(64, -1), axis=0)) >= 10  # 14 operations, some alike in both signs

    def test_digits_are_not_mirrored_unless_asked(self, tmp_path: Path) -> None:
        digits = load(DataConfig(data="digits"), cache_dir=tmp_path)
        plain = AugmentConfig(crop=0)
        batch = next(TrainBatches(digits, digits, plain, batch_size=64).epoch(0))[0]
        pixels = digits.train.pixels(batch.indices.numpy()).float() / 255
        expected = (pixels - digits.mean[0]) / digits.std[0]
        torch.testing.assert_close(batch.images, expected, atol=1e-4, rtol=1e-4)


class TestBatch:
    def test_it_is_cut_with_its_targets(self, data: ImageData) -> None:
        mixed, plain = (
            next(batches(data, augment).epoch(0, parts=range(1)))[0]
            for augment in (EVERYTHING, AugmentConfig(mixup=0.0))
        )
        assert len(mixed) == len(plain) == 8
        cut = mixed.first(3)
        assert_equal(cut, Batch(mixed.images[:3], mixed.labels[:3], mixed.targets[:3], mixed.indices[:3]))  # type: ignore[index]
        assert (len(cut), len(plain.first(5)), plain.first(5).targets) == (3, 5, None)

    def test_pixels_are_normalised_and_laid_out_as_asked(self, data: ImageData) -> None:
        for channels_last in (True, False):
            found = list(EvalBatches(data.val, data, batch_size=5, channels_last=channels_last))
            images = torch.cat([batch.images for batch in found])
            mean, std = (torch.tensor(v).view(-1, 1, 1) for v in (data.mean, data.std))
            torch.testing.assert_close(images, (data.val.pixels(range(len(data.val))) / 255 - mean) / std)
            layout = torch.channels_last if channels_last else torch.contiguous_format
            assert found[0].images.is_contiguous(memory_format=layout)
            assert torch.cat([batch.labels for batch in found]).tolist() == data.val.labels.tolist()

    def test_mean_and_spread_are_those_of_the_training_images(self, data: ImageData) -> None:
        pixels = data.train.pixels(range(len(data.train))).double() / 255
        assert data.mean == pytest.approx(pixels.mean((0, 2, 3)).tolist(), abs=1e-6)
        assert data.std == pytest.approx(pixels.std((0, 2, 3), correction=0).tolist(), abs=1e-6)

    def test_fewer_images_than_a_batch_are_refused_with_a_size_that_fits(self, data: ImageData) -> None:
        with pytest.raises(DataError, match="1000") as raised:
            batches(data, batch_size=1000)
        fitting = raised.value.values["fitting"]
        assert fitting % 2 == 0
        assert batches(data, batch_size=fitting).steps_per_epoch == 1


class TestCache:
    def test_it_holds_what_direct_decoding_gives(self, data: ImageData, tmp_path: Path) -> None:
        source = Path(str(data.train.store.path)).parents[2] / "photos"  # type: ignore[union-attr]
        streamed = load(DataConfig(data=str(source), cache="never", resolution=32), cache_dir=tmp_path)
        assert isinstance(data.train.store, CachedPixels)
        assert isinstance(streamed.train.store, StreamedPixels)
        assert streamed.small == data.small
        assert (streamed.resolution, streamed.mean, streamed.std) == (data.resolution, data.mean, data.std)
        assert data.test.pixels(range(9)).equal(streamed.test.pixels(range(9)))

    def test_a_damaged_cache_is_built_anew(self, tmp_path: Path) -> None:
        folder = make_photos(tmp_path / "photos", per_class=5)
        config = DataConfig(data=str(folder))
        before = load(config, cache_dir=tmp_path / "c").train.pixels(range(5)).clone()
        (file,) = (tmp_path / "c").rglob("*.npy")
        file.write_bytes(file.read_bytes()[:200])
        assert load(config, cache_dir=tmp_path / "c").train.pixels(range(5)).equal(before)


class TestBalance:
    labels = np.array([0] * 80 + [1] * 15 + [2] * 5)

    def test_the_sampler_draws_classes_equally_often(self) -> None:
        drawn = np.concatenate(
            [self.labels[epoch_order(self.labels, seed=0, epoch=e, balanced=True)] for e in range(20)]
        )
        assert np.bincount(drawn) / len(drawn) == pytest.approx([1 / 3] * 3, abs=0.03)

    def test_without_it_each_image_comes_once(self) -> None:
        order = epoch_order(self.labels, seed=0, epoch=0, balanced=False)
        assert sorted(order.tolist()) == list(range(100))

    def test_weights_are_inverse_to_the_counts_with_mean_one_over_the_images(self) -> None:
        """n / (K n_k), as scikit-learn's "balanced"."""
        assert class_weights(self.labels, 3).tolist() == pytest.approx([100 / (3 * n) for n in (80, 15, 5)])

"""What happens to the pixels of a training image, by torchvision's values, Pillow's, or values by hand."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torchvision.transforms.v2 import functional as tv

from lissom.data.files import Pixels, fit_square
from lissom.data.order import epoch_order
from lissom.data.pixels import CachedPixels, StreamedPixels
from lissom.tasks.classify.data.augment import Augment, Draws, cut_out, mix
from lissom.tasks.classify.data.batches import EvalBatches, TrainBatches
from lissom.tasks.classify.data.crops import random_box
from lissom.tasks.classify.data.images import ImageData, ImageSet
from lissom.tasks.classify.data.randaugment import rand_augment
from lissom.tasks.classify.data.splits import Split
from lissom.tasks.classify.settings import AugmentConfig

COUNT, SIDE = 64, 16
NOTHING = AugmentConfig(crop=0, flip=False)


class Arrays:
    """Images that are there already."""

    channels = 3

    def __init__(self, arrays: np.ndarray) -> None:
        self.arrays, self.names = arrays, [str(number) for number in range(len(arrays))]

    def read(self, index: int) -> Pixels:
        return self.arrays[index]


def made(folder: Path, arrays: np.ndarray, labels: np.ndarray, *, small: bool = True, **changes: Any) -> ImageData:
    """N H W 3 as a data set whose parts are all of it."""
    if small:
        np.save(folder / "pixels.npy", arrays)
        store: Any = CachedPixels(folder / "pixels.npy")
    else:
        store = StreamedPixels(Arrays(arrays), SIDE, workers=0)
    places = np.arange(len(arrays))
    part = ImageSet(store, places, labels, [str(place) for place in places])
    known: dict[str, Any] = {"name": "made", "class_names": ("a", "b"), "train": part, "val": part, "test": part}
    known |= {"in_channels": 3, "resolution": SIDE, "mean": (0.0,) * 3, "std": (1.0,) * 3, "items": {}, "small": small}
    return ImageData(**known | {"split": Split(places, places, places, "own", "own"), "source": "made"} | changes)


@pytest.fixture(scope="module", params=["small", "large"])
def halves(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ImageData:
    """White at the right, and grey in the upper left: a mirror image at either axis is another one."""
    side = SIDE if request.param == "small" else 8 * SIDE
    images = np.zeros((COUNT, side, side, 3), np.uint8)
    images[:, :, side // 2 :] = 255
    images[:, : side // 2, : side // 2] = 100
    labels = np.arange(COUNT) % 2
    return made(tmp_path_factory.mktemp("halves"), images, labels, small=request.param == "small")


def batches(data: ImageData, augment: AugmentConfig, **options: Any) -> TrainBatches:
    return TrainBatches(data, data, augment, **({"batch_size": 16, "parts": 2} | options))


def epoch(data: ImageData, augment: AugmentConfig, number: int = 0, **options: Any) -> torch.Tensor:
    """Steps B C H W, values from 0 to 1."""
    return torch.stack([torch.cat([b.images for b in s]) for s in batches(data, augment, **options).epoch(number)])


class TestFlips:
    def test_half_of_the_images_of_a_batch_are_mirrored_left_to_right(self, halves: ImageData) -> None:
        as_it_is = epoch(halves, NOTHING)[0, 0]
        seen = torch.cat([epoch(halves, replace(NOTHING, flip=True), number) for number in range(6)])
        mirrored = seen[..., 0].mean((2, 3)) > 0.9  # steps, images: the white half is at the left
        assert seen[mirrored].eq(as_it_is.flip(-1)).all()
        assert seen[~mirrored].eq(as_it_is).all()
        assert mirrored.sum(1).min() > 0
        assert mirrored.sum(1).max() < 16
        assert float(mirrored.float().mean()) == pytest.approx(0.5, abs=0.08)  # of 384: 3 standard deviations

    def test_they_are_drawn_anew_by_step_epoch_and_seed(self, halves: ImageData) -> None:
        flips = replace(NOTHING, flip=True)
        steps = [*epoch(halves, flips)[:2], epoch(halves, flips, 1)[0], epoch(halves, flips, seed=1)[0]]
        assert len({tuple((step[..., 0].mean((1, 2)) > 0.9).tolist()) for step in steps}) == 4

    def test_nothing_is_mirrored_where_it_is_not_asked_for(self, halves: ImageData) -> None:
        assert len(epoch(halves, NOTHING).flatten(0, 1).unique(dim=0)) == 1


def test_shifts_reach_the_padding_in_both_directions_and_both_axes(tmp_path: Path) -> None:
    ramp = np.zeros((COUNT, SIDE, SIDE, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(SIDE)[:, None] * 10, np.arange(SIDE) * 10
    data = made(tmp_path, ramp, np.zeros(COUNT, np.int64))
    seen = torch.cat([epoch(data, replace(NOTHING, crop=3), n).flatten(0, 1) for n in range(4)]) * 25.5
    middle = seen[:, :2, SIDE // 2, SIDE // 2].round() - SIDE // 2
    for axis in middle.T:
        assert sorted(axis.unique().tolist()) == [-3, -2, -1, 0, 1, 2, 3]
    assert len(middle.unique(dim=0)) > 40  # of 49, in 256 images: each axis is drawn apart


def test_images_that_judge_are_the_centred_squares_whatever_trains(tmp_path: Path) -> None:
    photos = np.random.default_rng(0).integers(0, 256, (10, 40, 60, 3), np.uint8)
    data = made(tmp_path, photos, np.arange(10) % 2, small=False)
    seen = torch.cat([batch.images for batch in EvalBatches(data.val, data, batch_size=4)])
    expected = np.stack([fit_square(photo, SIDE) for photo in photos])
    torch.testing.assert_close(seen, torch.from_numpy(expected).permute(0, 3, 1, 2) / 255)


def test_each_channel_is_less_its_own_mean_over_its_own_spread(tmp_path: Path) -> None:
    colour = np.broadcast_to(np.array([255, 102, 51], np.uint8), (16, SIDE, SIDE, 3))
    mean, std = (0.5, 0.3, 0.1), (0.25, 0.2, 0.05)
    data = made(tmp_path, colour, np.zeros(16, np.int64), mean=mean, std=std)
    for seen in (epoch(data, NOTHING)[0, 0], next(iter(EvalBatches(data.val, data))).images[0]):
        torch.testing.assert_close(seen[:, 0, 0], torch.tensor([2.0, 0.5, 2.0]))


class TestCrops:
    def test_areas_are_even_from_a_quarter_to_all_and_aspects_even_in_their_logarithm(self) -> None:
        rng = np.random.default_rng(0)
        left, top, right, bottom = np.array([random_box(2000, 2000, rng) for _ in range(2000)]).T
        width, height = right - left, bottom - top
        area, aspect = width * height / 2000**2, np.log(width / height)
        assert area.min() == pytest.approx(0.25, abs=0.005)
        assert area.max() > 0.97
        small = area[area < 9 / 16]  # none of these is missed, whatever its aspect
        assert small.mean() == pytest.approx((1 / 4 + 9 / 16) / 2, abs=0.01)
        assert aspect.min() == pytest.approx(-math.log(4 / 3), abs=0.01)
        assert aspect.max() == pytest.approx(math.log(4 / 3), abs=0.01)
        assert np.median(aspect) == pytest.approx(0, abs=0.015)  # even in itself it would be 0.04

    def test_places_are_even_over_what_is_left(self) -> None:
        rng = np.random.default_rng(0)
        boxes = np.array([random_box(3000, 2000, rng) for _ in range(1000)])
        for low, high, side in ((0, 2, 3000), (1, 3, 2000)):
            share = boxes[:, low] / np.maximum(side - (boxes[:, high] - boxes[:, low]), 1)
            assert np.quantile(share, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.06)


def draws(count: int, **rows: Any) -> Draws:
    """Nothing happens, but for the rows given."""
    settled = Augment.resolve(NOTHING, resolution=32, small=True, mirrored=True)
    return replace(settled.draw(count, 1, np.random.default_rng(0)), **rows)


class TestMixing:
    def test_the_pasted_box_has_the_root_of_the_partner_s_share_as_its_side(self) -> None:
        rows: dict[str, Any] = {"shares": np.array([0.75, 0.75]), "pasted": np.array([True, True])}
        wanted = draws(2, partners=np.array([1, 0]), centres=np.array([[16, 12], [0, 0]]), **rows)
        mixed, own = mix(torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 32, 32).clone(), wanted)
        expected = torch.zeros(2, 32, 32)
        expected[0, 8:24, 4:20] = 1  # sqrt(1/4) of 32, about row 16 and column 12
        expected[1] = 1
        expected[1, :8, :8] = 0  # cut off at the edges
        assert mixed[:, 0].equal(expected)
        assert own.tolist() == [1 - 256 / 1024, 1 - 64 / 1024]

    def test_a_blend_has_the_image_s_own_share_of_itself(self) -> None:
        rows: dict[str, Any] = {"shares": np.array([0.8, 0.3]), "pasted": np.array([False, False])}
        mixed, own = mix(
            torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 32, 32).clone(),
            draws(2, partners=np.array([1, 0]), **rows),
        )
        torch.testing.assert_close(mixed.mean((1, 2, 3)), torch.tensor([0.2, 0.3]))
        torch.testing.assert_close(own, torch.tensor([0.8, 0.3]))

    @pytest.mark.parametrize(("mixup", "cutmix"), [(0.4, 0.0), (0.0, 0.4), (0.4, 2.0)])
    def test_a_batch_s_targets_are_the_shares_that_its_images_show(
        self, mixup: float, cutmix: float, tmp_path: Path
    ) -> None:
        labels = np.arange(COUNT) % 2
        data = made(tmp_path, np.broadcast_to(labels[:, None, None, None] * 255, (COUNT, SIDE, SIDE, 3)), labels)
        augment = replace(NOTHING, mixup=mixup, cutmix=cutmix)
        found = [b for n in range(8) for step in batches(data, augment).epoch(n) for b in step]
        own = torch.cat([b.targets[range(len(b)), b.labels] for b in found])  # type: ignore[index]
        for each in found:
            assert each.targets is not None
            torch.testing.assert_close(each.images.mean((1, 2, 3)), each.targets[:, 1])
            torch.testing.assert_close(each.targets.sum(1), torch.ones(len(each)))
        assert 0.6 < float(own.mean()) < 0.9  # half the partners are of the other class, at a mean share of a half
        assert float(own.min()) < 0.1
        spread, mean = (torch.stack([f(e.images.flatten(1), 1) for e in found]) for f in (torch.std, torch.mean))
        pasted, blended = (spread > 0.05).any(1), ((spread < 1e-3) & (mean > 0.05) & (mean < 0.95)).any(1)
        assert (bool(pasted.any()), bool(blended.any())) == (cutmix > 0, mixup > 0)
        assert not (pasted & blended).any()  # a part is mixed in one way

    def test_the_share_is_a_beta_of_the_setting(self) -> None:
        """Its variance is 1 / (4 (2 alpha + 1))."""
        for setting in ({"mixup": 0.2}, {"mixup": 4.0}, {"cutmix": 4.0}):
            (alpha,) = setting.values()
            settled = Augment.resolve(AugmentConfig(**setting), resolution=32, small=True, mirrored=True)
            shares = settled.draw(4000, 1, np.random.default_rng(0)).shares
            assert shares.mean() == pytest.approx(0.5, abs=0.02)
            assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.08)


def test_cutout_blanks_a_square_of_the_side_about_the_centre() -> None:
    out = cut_out(torch.ones(2, 3, 32, 32), draws(2, holes=np.array([[10, 20], [31, 31]])), 8)
    expected = torch.ones(2, 32, 32)
    expected[0, 6:14, 16:24] = 0
    expected[1, 27:, 27:] = 0
    assert out.equal(expected[:, None].expand(-1, 3, -1, -1))


def test_cutout_reaches_the_images_of_a_batch(tmp_path: Path) -> None:
    data = made(tmp_path, np.full((16, SIDE, SIDE, 3), 255, np.uint8), np.zeros(16, np.int64))
    blank = (epoch(data, replace(NOTHING, cutout=4))[0] == 0).sum((1, 2, 3)) / 3
    assert blank.min() >= 4
    assert blank.max() == 16


def test_images_come_in_another_order_in_each_epoch_and_for_each_seed(halves: ImageData) -> None:
    def order(number: int, seed: int) -> tuple[int, ...]:
        steps = batches(halves, NOTHING, seed=seed).epoch(number)
        return tuple(torch.cat([batch.indices for step in steps for batch in step]).tolist())

    assert sorted(order(0, 0)) == list(range(COUNT))
    assert len({order(0, 0), order(1, 0), order(0, 1), order(1, 1)}) == 4


def test_the_sampler_shows_a_class_s_images_in_turn_and_anew_in_each_round() -> None:
    labels = np.array([0] * 30 + [1] * 5 + [2] * 25)
    drawn = epoch_order(labels, seed=0, epoch=0, balanced=True)
    rounds = drawn[labels[drawn] == 1].reshape(4, 5)
    assert all(sorted(each) == [30, 31, 32, 33, 34] for each in rounds.tolist())
    assert len({tuple(each) for each in rounds.tolist()}) > 1
    assert not np.array_equal(drawn, epoch_order(labels, seed=0, epoch=1, balanced=True))


def geometric(**changes: Any) -> Callable[[torch.Tensor, float], torch.Tensor]:
    """torchvision's affine, about the centre; a change is what it makes of the signed strength."""

    def apply(image: torch.Tensor, strength: float) -> torch.Tensor:
        still: dict[str, Any] = {"angle": 0.0, "translate": [0, 0], "scale": 1.0, "shear": [0.0, 0.0]}
        return tv.affine(image, **still | {name: change(strength) for name, change in changes.items()})

    return apply


def sheared(s: float) -> float:
    """In degrees; torchvision's affine leans the other way."""
    return -math.degrees(math.atan(0.3 * s))


def moved(s: float) -> int:
    return int(150 / 331 * 24 * s)


# fmt: off
OPERATIONS: list[Callable[[torch.Tensor, float], torch.Tensor]] = [  # in RandAugment's order, as torchvision has it
    lambda image, s: image,
    geometric(shear=lambda s: [sheared(s), 0.0]),
    geometric(shear=lambda s: [0.0, sheared(s)]),
    geometric(translate=lambda s: [moved(s), 0]),
    geometric(translate=lambda s: [0, moved(s)]),
    lambda image, s: tv.rotate(image, 30 * s),
    lambda image, s: tv.adjust_brightness(image, 1 + 0.9 * s),
    lambda image, s: tv.adjust_saturation(image, 1 + 0.9 * s),
    lambda image, s: tv.adjust_contrast(image, 1 + 0.9 * s),
    lambda image, s: tv.adjust_sharpness(image, 1 + 0.9 * s),
    lambda image, s: tv.posterize(image, 8 - round(4 * abs(s))),
    lambda image, s: tv.solarize(image, 255 * (1 - abs(s))),
    lambda image, s: tv.autocontrast(image),
    lambda image, s: tv.equalize(image),
]
# fmt: on


def photo(seed: int = 3) -> np.ndarray:
    """H W C 24 24 3: smooth, of few levels in one channel, and not symmetric."""
    small = Image.fromarray(np.random.default_rng(seed).integers(20, 230, (4, 4, 3), np.uint8))
    return np.array(small.resize((24, 24), Image.Resampling.BICUBIC))


class TestRandAugment:
    @pytest.mark.parametrize("sign", [-1, 1])
    @pytest.mark.parametrize("number", range(len(OPERATIONS)))
    def test_each_operation_is_torchvision_s(self, number: int, sign: int) -> None:
        image = photo()
        for magnitude in (9, 30):
            out = rand_augment(image[None], np.array([[number]]), np.array([[sign]]), magnitude)
            expected = OPERATIONS[number](torch.from_numpy(image).permute(2, 0, 1), sign * magnitude / 30)
            differs = (torch.from_numpy(out[0]).permute(2, 0, 1).int() - expected.int()).abs()
            if number in (1, 2, 5):  # the nearest pixel of a place midway between two is a matter of rounding
                assert float((differs > 0).float().mean()) < 0.01
            else:
                assert int(differs.max()) <= 1

    def test_equalising_has_pillow_s_half_step(self) -> None:
        for seed in range(4):
            image = photo(seed)
            out = rand_augment(image[None], np.array([[13]]), np.array([[1]]), 9)
            assert np.array_equal(out[0], np.asarray(ImageOps.equalize(Image.fromarray(image))))

    def test_operations_follow_one_another_each_with_its_own_sign(self) -> None:
        image = photo()[None]
        brightened = rand_augment(image, np.array([[6]]), np.array([[1]]), 9)
        expected = rand_augment(brightened, np.array([[3]]), np.array([[-1]]), 9)
        assert np.array_equal(rand_augment(image, np.array([[6, 3]]), np.array([[1, -1]]), 9), expected)
        assert not np.array_equal(expected, rand_augment(image, np.array([[6, 3]]), np.array([[-1, 1]]), 9))

    def test_operations_and_signs_are_as_likely_in_every_column(self) -> None:
        settled = Augment.resolve(replace(NOTHING, randaugment=2), resolution=32, small=True, mirrored=True)
        drawn = settled.draw(2800, 1, np.random.default_rng(0))
        for column in (0, 1):
            counts = np.bincount(drawn.operations[:, column], minlength=14)
            assert (len(counts), counts.min() > 150, counts.max() < 250) == (14, True, True)  # 200 each
            assert sorted(set(drawn.signs[:, column].tolist())) == [-1, 1]
            assert drawn.signs[:, column].mean() == pytest.approx(0, abs=0.06)

    def test_the_settings_reach_the_images(self, tmp_path: Path) -> None:
        data = made(tmp_path, np.broadcast_to(photo()[:SIDE, :SIDE], (COUNT, SIDE, SIDE, 3)), np.zeros(COUNT, np.int64))
        made_of = {}
        for number, magnitude in ((0, 9), (1, 9), (2, 9), (1, 20)):
            augment = replace(NOTHING, randaugment=number, magnitude=magnitude)
            made_of[number, magnitude] = epoch(data, augment).flatten(0, 1)
        kinds = {key: len(images.unique(dim=0)) for key, images in made_of.items()}
        assert kinds[0, 9] == 1
        assert 1 < kinds[1, 9] <= 1 + 2 * 9 + 4  # both signs of nine, and four without any
        assert kinds[2, 9] > kinds[1, 9]
        assert not made_of[1, 9].equal(made_of[1, 20])

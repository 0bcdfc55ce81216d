"""Images and boxes on their way into the network: letterbox, mosaic and maps, batches, anchors from the data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lissom.errors import DataError
from lissom.tasks.detect.anchors.fit import fit_anchors, open_levels, recall
from lissom.tasks.detect.anchors.head import Levels
from lissom.tasks.detect.anchors.learned import AnchorLevels
from lissom.tasks.detect.anchors.loss import Gains
from lissom.tasks.detect.augment import Sample, augmented, drawn_map, is_kept, mapped
from lissom.tasks.detect.batches import DetectBatch, EvalBatches, Normaliser, Store, TrainBatches
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.letterbox import GREY, fit_of, padded, rectangle, resized, to_image, to_input
from lissom.tasks.detect.objective import Detect
from lissom.tasks.detect.settings import DetectAugmentConfig
from tasks.detect.test_boxes_judged import pictures

STILL = DetectAugmentConfig(
    mosaic=0.0, translate=0.0, scale=0.0, hsv_h=0.0, hsv_s=0.0, hsv_v=0.0, fliplr=0.0
)  # fmt: skip
ANCHORS = (((10.0, 13.0),), ((30.0, 61.0),), ((60.0, 90.0),))
FACTS = DetectFacts(class_names=("a", "b"), resolution=64, strides=(8, 16, 32), anchors=ANCHORS)


class TestLetterbox:
    def test_the_shape_is_kept_the_rest_is_grey_and_boxes_come_back(self) -> None:
        image = np.zeros((30, 60, 3), np.uint8)
        fit = fit_of((60, 30), (64, 64), 64)
        laid = padded(resized(image, 64), (64, 64), fit)
        assert (laid[:16] == GREY).all()
        assert (laid[16:48] == 0).all()
        assert (laid[48:] == GREY).all()
        boxes = np.array([[0, 0, 60, 30], [3, 6, 30, 15]], np.float32)
        assert to_input(boxes, fit)[0] == pytest.approx([0, 16, 64, 48])
        assert to_image(to_input(boxes, fit), fit) == pytest.approx(boxes, abs=1e-4)
        assert to_image(np.array([[-9, 0, 99, 64]], np.float32), fit)[0] == pytest.approx([0, 0, 60, 30])

    @pytest.mark.parametrize(("sizes", "expected"), [
        ([(100, 50)],            (32, 64)),
        ([(50, 100)],            (64, 32)),
        ([(100, 50), (100, 52)], (64, 64)),  # 33.3 pixels
        ([(1000, 1)],            (32, 64)),
    ])  # fmt: skip
    def test_the_smallest_rectangle(self, sizes: list, expected: tuple[int, int]) -> None:
        assert rectangle(np.array(sizes, np.int32), 64, 32) == expected


class TestAugmentation:
    def test_nothing_is_changed_where_nothing_is_asked_for(self) -> None:
        pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
        sample = Sample(pixels, np.array([[4, 5, 30, 40]], np.float32), np.array([1]))
        got = augmented(0, 1, lambda _: sample, 64, STILL, np.random.default_rng(0))
        assert np.array_equal(got.pixels, pixels)
        assert got.boxes == pytest.approx(sample.boxes)

    @pytest.mark.parametrize("settings", [
        {"mosaic": 1.0}, {"mosaic": 1.0, "mixup": 1.0}, {"degrees": 20.0, "shear": 5.0}, {"perspective": 0.001},
        {"scale": 0.5, "translate": 0.3}, {"fliplr": 1.0}, {"flipud": 1.0}, {"hsv_h": 0.0, "hsv_s": 0.9, "hsv_v": 0.3},
    ], ids=str)  # fmt: skip
    def test_boxes_stay_on_what_they_surround(self, settings: dict) -> None:
        """A white square on grey: its pixels lie in its box, whatever is done, but for a pixel of blur."""
        pixels = np.full((64, 64, 3), GREY, np.uint8)
        pixels[20:40, 8:32] = 255
        sample = Sample(pixels, np.array([[8, 20, 32, 40]], np.float32), np.array([0]))
        seen = 0
        for seed in range(8):
            got = augmented(0, 1, lambda _: sample, 64, replace(STILL, **settings), np.random.default_rng(seed))
            assert got.pixels.shape == (64, 64, 3)
            bright = got.pixels.max(2) > 150
            inside = np.zeros_like(bright)
            for left, top, right, bottom in got.boxes.round().astype(int).tolist():
                inside[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1] = True
                seen += 1
            if len(got.boxes):
                assert bright[inside].any()
            assert bright[~inside].sum() <= 3 * 2 * 64  # of boxes of which too little was left
        assert seen >= 8

    def test_a_map_moves_corners_as_pixels(self) -> None:
        matrix, scale = drawn_map(128, 64, replace(STILL, degrees=0.0), np.random.default_rng(0))
        assert (scale, mapped(np.array([[32, 32, 96, 96]], np.float32), matrix).tolist()) == (1.0, [[0, 0, 64, 64]])

    @pytest.mark.parametrize(("after", "kept"), [
        ([0, 0, 10, 10], True), ([0, 0, 2, 10], False), ([0, 0, 3, 3], False), ([0, 0, 3, 4], True),
    ])  # fmt: skip
    def test_which_boxes_are_kept(self, after: list[float], kept: bool) -> None:
        before = np.array([[0, 0, 10, 10]], np.float32)
        assert is_kept(before, np.array([after], np.float32)).tolist() == [kept]
        assert is_kept(before[:0], before[:0]).shape == (0,)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    data = pictures([(10, 10, 60, 60, 0)], [], [(0, 0, 90, 50, 1), (5, 5, 20, 20, 0, True)], [(40, 40, 99, 99, 1)])
    files = []
    for number in range(4):
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(np.full((100, 100, 3), 40 * number, np.uint8)).save(files[-1])
    return Store(replace(data, files=tuple(files)), 64, keep=True)


def train_batches(store: Store, config: DetectAugmentConfig = STILL, **settings: int) -> TrainBatches:
    given = {"batch_size": 4, "parts": 1, "seed": 0, "workers": 0, "epochs": 4, **settings}
    return TrainBatches(store, FACTS, config, Normaliser(FACTS, "cpu"), **given)


class TestBatches:
    def test_a_batch_is_the_same_in_parts_and_from_any_step(self, store: Store) -> None:
        config = DetectAugmentConfig()
        whole = [batch for (batch,) in train_batches(store, config, batch_size=2).epoch(1)]
        (later,) = next(iter(train_batches(store, config, batch_size=2).epoch(1, start_step=1)))
        assert torch.equal(later.images, whole[1].images)
        halves = next(iter(train_batches(store, config, batch_size=2, parts=2).epoch(1)))
        assert torch.equal(torch.cat([half.images for half in halves]), whole[0].images)
        assert torch.equal(torch.cat([half.boxes for half in halves]), whole[0].boxes)

    def test_crowds_are_not_learned_and_a_cut_batch_has_its_own_boxes(self, store: Store) -> None:
        ((batch,),) = train_batches(store).epoch(0)
        assert sorted(batch.classes.tolist()) == [0, 1, 1]
        first = batch.first(2)
        assert len(first) == 2
        assert (first.of < 2).all()
        assert len(first.boxes) == len(first.classes) == int((batch.of < 2).sum())

    def test_the_last_epochs_are_without_mosaic(self, store: Store) -> None:
        config = replace(STILL, mosaic=1.0, close_mosaic=0.5)
        made = train_batches(store, config)
        (early,), (late,) = (next(iter(made.epoch(epoch))) for epoch in (1, 2))
        ((plain,),) = train_batches(store).epoch(2)
        assert torch.equal(late.images, plain.images)
        assert not torch.equal(early.images, plain.images)

    def test_several_sides(self, store: Store) -> None:
        made = train_batches(store, replace(STILL, multi_scale=0.5), batch_size=2)
        sides = {batch.images.shape[-1] for epoch in range(4) for (batch,) in made.epoch(epoch)}
        assert sides <= {32, 64, 96}
        assert len(sides) > 1
        ((small,), *_), ((plain,), *_) = made.epoch(0), train_batches(store, batch_size=2).epoch(0)
        assert small.boxes == pytest.approx(plain.boxes * small.images.shape[-1] / 64)

    def test_too_few_images_are_said(self, store: Store) -> None:
        with pytest.raises(DataError, match="4"):
            train_batches(store, batch_size=8)

    def test_validation_has_every_image_once_in_its_rectangle(self, store: Store) -> None:
        batches = EvalBatches(store, FACTS, Normaliser(FACTS, "cpu"), batch_size=3)
        seen = [index for batch in batches for index in batch.indices]
        assert (sorted(seen), len(batches)) == ([0, 1, 2, 3], 2)
        for batch in batches:
            for number, (index, fit) in enumerate(zip(batch.indices, batch.fits, strict=True)):
                assert batch.images[number].mean() == pytest.approx(40 * index / 255, abs=1e-6)
                assert (fit.width, fit.height) == (100, 100)


class TestObjective:
    def objective(self) -> Detect:
        return Detect(AnchorLevels(levels=Levels((8, 16, 32), ANCHORS), gains=Gains()), pictures([]), 2)

    def raw(self, number: int) -> list[torch.Tensor]:
        torch.manual_seed(0)
        return [torch.randn(number, 1, side, side, 7, requires_grad=True) for side in (8, 4, 2)]

    def test_a_batch_without_any_box_is_learned_from(self) -> None:
        none = torch.zeros(0, 4), torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long)
        batch = DetectBatch(torch.zeros(2, 3, 64, 64), *none)
        raw = self.raw(2)
        losses = self.objective().losses(raw, batch)
        assert losses.terms["box"] == losses.terms["class"] == 0
        assert set(losses.observed.values()) == {0.0}
        sum(losses.terms.values()).backward()
        assert all(each.grad.isfinite().all() for each in raw)
        assert self.objective().why_stop({"epoch": 1, **losses.observed}) is not None

    def test_the_loss_is_that_of_the_nominal_batch_whatever_the_batch(self) -> None:
        boxes = torch.tensor([[20.0, 20.0, 12.0, 14.0]])
        one = DetectBatch(torch.zeros(1, 3, 64, 64), boxes, torch.tensor([1]), torch.tensor([0]))
        two = DetectBatch(torch.zeros(2, 3, 64, 64), boxes.repeat(2, 1), torch.tensor([1, 1]), torch.tensor([0, 1]))
        raw = self.raw(1)
        single = self.objective().losses(raw, one)
        double = self.objective().losses([torch.cat([each, each]) for each in raw], two)
        for name, value in single.terms.items():
            assert double.terms[name].item() == pytest.approx(value.item(), rel=1e-5)
        assert sum(double.observed.values()) == 2 * sum(single.observed.values()) > 0
        assert self.objective().why_stop({"epoch": 1, **single.observed}) is None


class TestAnchors:
    def test_those_that_fit_are_kept(self) -> None:
        sides = np.array([[10, 13], [33, 50], [80, 80]], np.float64)
        found = fit_anchors(sides, ANCHORS)
        assert (found.anchors, found.recall) == (ANCHORS, 1.0)
        most = np.concatenate([np.full((99, 2), 12.0), [[300, 300]]])  # one in a hundred has none
        found = fit_anchors(most, ANCHORS)
        assert (found.anchors, found.recall) == (ANCHORS, 0.99)

    def test_others_are_fitted_rise_and_are_the_same_for_a_seed(self) -> None:
        rng = np.random.default_rng(0)
        sides = np.concatenate([rng.normal(mean, 0.1 * mean, (50, 2)) for mean in (3, 200, 400)]).clip(2)
        before = recall(sides, np.array([pair for level in ANCHORS for pair in level]))
        found = fit_anchors(sides, ANCHORS, seed=3)
        assert before < 0.7 < 0.99 < found.recall
        areas = [w * h for level in found.anchors for w, h in level]
        assert areas == sorted(areas)
        assert [len(level) for level in found.anchors] == [1, 1, 1]
        assert found == fit_anchors(sides, ANCHORS, seed=3)

    def test_a_file_may_leave_them_open(self) -> None:
        sides = np.random.default_rng(0).uniform(10, 60, (40, 2))
        assert [len(level) for level in open_levels(sides, 2, (8, 16)).anchors] == [2, 2]
        assert recall(np.zeros((0, 2)), np.ones((1, 2))) == 1.0

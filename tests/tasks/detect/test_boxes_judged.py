"""Which boxes are kept and how they are judged: suppression, COCO's figures by hand and by two programs, confusion."""

from pathlib import Path

import numpy as np
import pytest

from lissom.boxes.suppress import Detections, Rule, candidates, suppress
from lissom.tasks.detect.coco import coco_figures
from lissom.tasks.detect.data.pictures import Pictures
from lissom.tasks.detect.matching import (
    Matched,
    average_precision,
    confusion_of,
    curves,
    drawn_means,
    match,
    mean_precision,
)


def pictures(*labels: list[tuple], side: int = 100) -> Pictures:
    """Of each picture its boxes: left, top, right, bottom, class, and True for a crowd."""
    rows = [row for own in labels for row in own]
    return Pictures(
        names=tuple(f"{index}.png" for index in range(len(labels))),
        files=tuple(Path(f"{index}.png") for index in range(len(labels))),
        sizes=np.full((len(labels), 2), side, np.int32),
        boxes=np.array([row[:4] for row in rows], np.float32).reshape(-1, 4),
        classes=np.array([row[4] for row in rows], np.int64),
        crowd=np.array([len(row) > 5 for row in rows], np.bool_),
        starts=np.cumsum([0, *map(len, labels)]),
    )


def found(*rows: tuple) -> Detections:
    """left, top, right, bottom, class, score."""
    return Detections(
        np.array([row[:4] for row in rows], np.float32).reshape(-1, 4),
        np.array([row[5] for row in rows], np.float32),
        np.array([row[4] for row in rows], np.int64),
    )


BOXES = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60], [0, 0, 10, 10]], np.float32)
SCORES = np.array([[0.9, 0.1], [0.8, 0.3], [0.2, 0.7], [0.1, 0.6]], np.float32)


class TestSuppression:
    @pytest.mark.parametrize("by_torch", [False, True])
    @pytest.mark.parametrize(("rule", "expected"), [
        (Rule(0.25, 0.5, 10),                        [(0, 0.9), (1, 0.7), (1, 0.6)]),
        (Rule(0.25, 0.5, 10, agnostic=True),         [(0, 0.9), (1, 0.7)]),
        (Rule(0.25, 0.9, 10, agnostic=True),         [(0, 0.9), (0, 0.8), (1, 0.7)]),
        (Rule(0.25, 0.5, 2),                         [(0, 0.9), (1, 0.7)]),
        (Rule(0.65, 0.5, 10),                        [(0, 0.9), (1, 0.7)]),
        (Rule(0.25, 0.5, 10, several=True),          [(0, 0.9), (1, 0.7), (1, 0.6)]),
        (Rule(0.15, 0.5, 10, several=True),          [(0, 0.9), (1, 0.7), (1, 0.6), (0, 0.2)]),
        (Rule(0.25, 0.5, 10, candidates=1),          [(0, 0.9)]),
        (Rule(0.95, 0.5, 10),                        []),
    ])  # fmt: skip
    def test_what_is_kept(self, rule: Rule, expected: list[tuple[int, float]], by_torch: bool) -> None:
        kept = suppress(BOXES, SCORES, rule, by_torch=by_torch)
        assert list(zip(kept.classes.tolist(), np.round(kept.scores, 3).tolist(), strict=True)) == [
            (number, pytest.approx(score)) for number, score in expected
        ]

    def test_numpy_and_torchvision_keep_the_same_boxes_equal_scores_too(self) -> None:
        rng = np.random.default_rng(0)
        corner = rng.uniform(0, 100, (300, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(1, 40, (300, 2))], 1).astype(np.float32)
        scores = rng.integers(1, 9, (300, 3)).astype(np.float32) / 10
        for rule in (Rule(0.2, 0.5, 300), Rule(0.2, 0.3, 300, several=True), Rule(0.2, 0.5, 300, agnostic=True)):
            for a, b in zip(suppress(boxes, scores, rule), suppress(boxes, scores, rule, by_torch=True), strict=True):
                assert np.array_equal(a, b)

    @pytest.mark.parametrize("by_torch", [False, True])
    def test_as_many_candidates_as_yolov5_s_are_compared_piece_by_piece(self, by_torch: bool) -> None:
        """Two thousand boxes in ten places and one elsewhere, the last of all: nine go into it without being kept."""
        boxes = np.repeat(np.arange(10) * 50.0, 200)[:, None] + np.array([0, 0, 20, 20])
        boxes = np.concatenate([boxes, [[600, 0, 620, 20]]]).astype(np.float32)
        scores = np.linspace(0.9, 0.1, 2001)[:, None].astype(np.float32)
        assert Rule(0.0, 0.5, 11).candidates == 30_000
        kept = suppress(boxes, scores, Rule(0.0, 0.5, 11), by_torch=by_torch)
        assert kept.scores == pytest.approx(scores[[*range(0, 2000, 200), 2000], 0])
        assert len(suppress(boxes, scores, Rule(0.0, 0.5, 4), by_torch=by_torch).scores) == 4
        fewer = suppress(boxes, scores, Rule(0.0, 0.5, 11, candidates=2000), by_torch=by_torch)
        assert len(fewer.scores) == 10

    def test_the_best_candidates_are_taken_equal_scores_by_their_index(self) -> None:
        scores = np.random.default_rng(0).integers(1, 5, (50, 3)).astype(np.float32) / 10
        boxes = np.zeros((50, 4), np.float32)
        every = candidates(boxes, scores, Rule(0.0, 1.0, 9, several=True))
        for most in (1, 7, 60, 149, 150):
            found = candidates(boxes, scores, Rule(0.0, 1.0, 9, several=True, candidates=most))
            assert np.array_equal(found.scores, every.scores[:most])
            assert np.array_equal(found.classes, every.classes[:most])


class TestFigures:
    def test_by_hand(self) -> None:
        """Two boxes; the first is found exactly, then comes a wrong one, the second is found at overlap 0.6.

        Up to 0.6 precision is 1 at recalls to 0.5 and 2/3 to 1: (51 + 50 x 2/3) / 101; above it 51 / 101.
        """
        data = pictures([(0, 0, 50, 50, 0)], [(0, 0, 100, 60, 0)])
        seen = [found((0, 0, 50, 50, 0, 0.9)), found((40, 40, 90, 90, 0, 0.8), (0, 0, 60, 60, 0, 0.7))]
        low, high = (51 + 50 * 2 / 3) / 101, 51 / 101
        got = coco_figures(data, seen, 1)
        assert got.values["map50"] == pytest.approx(low)
        assert got.values["map75"] == pytest.approx(high)
        assert got.values["map50_95"] == pytest.approx((3 * low + 7 * high) / 10)
        assert got.by_class == [{"map50_95": got.values["map50_95"], "map50": got.values["map50"]}]
        assert got.values["map_small"] is None

    def test_our_own_pairs_give_the_same_as_cocos_program(self) -> None:
        data, seen = drawn_at_random()
        matched, coco = match(data, seen, 4), coco_figures(data, seen, 4)
        assert mean_precision(matched) == pytest.approx(coco.values["map50_95"], abs=1e-9)
        by_class = average_precision(matched).mean(0)
        assert by_class[:3] == pytest.approx([row["map50_95"] for row in coco.by_class[:3]], abs=1e-9)
        assert np.isnan(by_class[3])
        assert coco.by_class[3]["map50"] is None

    def test_a_box_is_found_once(self) -> None:
        """The second prediction of the first box is a mistake: 51 recalls at precision 1, 50 at 2/3."""
        data = pictures([(0, 0, 20, 20, 0), (50, 50, 90, 90, 0)])
        seen = [found((0, 0, 20, 20, 0, 0.9), (0, 0, 20, 20, 0, 0.8), (50, 50, 90, 90, 0, 0.7))]
        matched = match(data, seen, 1)
        assert matched.hit[0].tolist() == [True, False, True]
        assert mean_precision(matched) == pytest.approx((51 + 50 * 2 / 3) / 101)
        assert mean_precision(matched) == pytest.approx(coco_figures(data, seen, 1).values["map50_95"])

    def test_nothing_found_is_zero_and_no_boxes_is_none(self) -> None:
        data = pictures([(0, 0, 20, 20, 0)], [])
        assert coco_figures(data, [Detections.none()] * 2, 2).values["map50_95"] == 0.0
        assert coco_figures(data, [Detections.none()] * 2, 2).values["map_large"] is None
        none = coco_figures(pictures([], []), [found((0, 0, 5, 5, 0, 0.5)), Detections.none()], 2)
        assert none.values["map50_95"] is None
        assert np.isnan(mean_precision(match(pictures([], []), [Detections.none()] * 2, 2)))

    def test_a_crowd_is_neither_missed_nor_a_mistake(self) -> None:
        data = pictures([(0, 0, 20, 20, 0), (50, 50, 100, 100, 0, True)])
        seen = [found((50, 50, 70, 70, 0, 0.9), (60, 60, 80, 80, 0, 0.8), (0, 0, 20, 20, 0, 0.7))]
        assert coco_figures(data, seen, 1).values["map50_95"] == pytest.approx(1.0)
        matched = match(data, seen, 1)
        assert matched.ignored[0].tolist() == [True, True, False]
        assert mean_precision(matched) == pytest.approx(1.0)

    def test_images_drawn_again_count_as_often_as_they_are_drawn(self) -> None:
        data = pictures([(0, 0, 20, 20, 0)], [(0, 0, 20, 20, 0)])
        matched = match(data, [found((0, 0, 20, 20, 0, 0.9)), Detections.none()], 1)
        assert mean_precision(matched, np.array([2, 0])) == pytest.approx(1.0)
        assert mean_precision(matched, np.array([0, 2])) == 0.0
        assert mean_precision(matched, np.array([2, 1])) == pytest.approx(67 / 101)  # two of three
        means = drawn_means([matched, matched], resamples=50)
        assert np.array_equal(means[:, 0], means[:, 1])
        assert set(np.round(np.unique(means), 3)) == {0.0, round(51 / 101, 3), 1.0}

    def test_precision_and_recall_over_the_confidence(self) -> None:
        data = pictures([(0, 0, 20, 20, 0), (40, 40, 60, 60, 0)])
        at = curves(match(data, [found((0, 0, 20, 20, 0, 0.8), (70, 70, 90, 90, 0, 0.5))], 1))
        assert (at.precision[60], at.recall[60]) == (1.0, 0.5)
        assert (at.precision[40], at.recall[40]) == (0.5, 0.5)
        assert at.f1[at.best] == pytest.approx(2 / 3)

    def test_what_is_confused(self) -> None:
        data = pictures([(0, 0, 20, 20, 0), (40, 40, 60, 60, 1), (70, 70, 90, 90, 0, True)])
        seen = [
            found((0, 0, 20, 20, 1, 0.9), (0, 0, 19, 20, 0, 0.9), (70, 70, 80, 80, 0, 0.9), (40, 0, 60, 20, 0, 0.9)),
        ]
        matrix = confusion_of(data, seen, 2, confidence=0.5, iou=0.5)
        assert matrix.tolist() == [[0, 1, 0], [0, 0, 1], [2, 0, 0]]


def drawn_at_random() -> tuple[Pictures, list[Detections]]:
    """Some right, some near, some made up, in three of four classes, crowds among them."""
    rng = np.random.default_rng(1)
    labels, seen = [], []
    for _ in range(30):
        corner = rng.uniform(0, 300, (rng.integers(0, 6), 2))
        boxes = np.concatenate([corner, corner + rng.uniform(5, 120, corner.shape)], 1)
        kinds = rng.integers(0, 3, len(boxes))
        labels.append([(*b, k, True) if rng.random() < 0.1 else (*b, k) for b, k in zip(boxes, kinds, strict=True)])
        extra = np.concatenate([(low := rng.uniform(0, 300, (3, 2))), low + 40], 1)
        near = np.concatenate([boxes + rng.normal(0, 4, boxes.shape), extra]).astype(np.float32)
        scores = rng.random(len(near)).astype(np.float32)
        seen.append(Detections(near, scores, np.concatenate([kinds, rng.integers(0, 3, 3)])))
    return pictures(*labels, side=420), seen


def test_matches_travel_by_name() -> None:
    assert Matched._fields == ("image", "classes", "scores", "hit", "ignored", "truth")

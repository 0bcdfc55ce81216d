"""The head without anchors against plain second implementations: assignment, losses, decoding; and a training of it."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch

import lissom
from lissom import models
from lissom.boxes.overlap import generalised_iou
from lissom.errors import DataError, UsageError
from lissom.tasks.detect.anchor_free.assign import assign
from lissom.tasks.detect.anchor_free.head import BINS, AnchorFreeHead, corners, distances, joined, points
from lissom.tasks.detect.anchor_free.learned import FreeLevels
from lissom.tasks.detect.anchor_free.loss import Gains, distribution_loss, free_loss
from lissom.tasks.detect.data.synthetic import write_synthetic
from lissom.tasks.detect.heads import Targets
from lissom.tasks.detect.networks import LIGHT, named_file
from lissom.tasks.detect.rows.check import check
from lissom.tasks.detect.rows.mend import as_text
from lissom.tasks.detect.rows.reading import parse

STRIDES = (8, 16)
CLASSES = 3
BOXES = torch.tensor(
    [[4.0, 6.0, 40.0, 44.0], [30.0, 20.0, 60.0, 62.0], [9.0, 9.0, 11.0, 11.0], [20.0, 30.0, 50.0, 50.0]]
)
KINDS, OF = torch.tensor([0, 2, 1, 1]), torch.tensor([0, 0, 0, 2])


@pytest.fixture
def raw() -> list[torch.Tensor]:
    """Of three images of 64 pixels, of which the second has no box."""
    torch.manual_seed(0)
    return [torch.randn(3, 4 * BINS + CLASSES, 64 // s, 64 // s, requires_grad=True) for s in STRIDES]


def plain(raw: list[torch.Tensor]) -> list[list[tuple[float, ...]]]:
    """Of each image, of each cell: its centre, stride, four distances in strides, class scores; number by number."""
    images = []
    for image in range(len(raw[0])):
        cells = []
        for out, stride in zip(raw, STRIDES, strict=True):
            for row in range(out.shape[2]):
                for column in range(out.shape[3]):
                    values = out[image, :, row, column].tolist()
                    sides = []
                    for side in range(4):
                        powers = [math.exp(v) for v in values[8 * side : 8 * side + 8]]
                        sides.append(sum(n * p for n, p in enumerate(powers)) / sum(powers))
                    scores = [1 / (1 + math.exp(-v)) for v in values[32:]]
                    cells.append(
                        (8.0 * stride / 8 * (column + 0.5), stride * (row + 0.5), float(stride), *sides, *scores)
                    )
        images.append(cells)
    return images


def box_of(cell: tuple[float, ...]) -> list[float]:
    x, y, stride, left, top, right, bottom = cell[:7]
    return [x - left * stride, y - top * stride, x + right * stride, y + bottom * stride]


def overlap_of(a: list[float], b: list[float]) -> float:
    inside = max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return inside / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inside)


def assigned_plainly(
    cells: list[tuple[float, ...]], boxes: list[list[float]], kinds: list[int]
) -> dict[int, tuple[int, float]]:
    """Cell -> the box that it learns, and its quality."""
    wanting: dict[int, list[int]] = {}
    for number, (box, kind) in enumerate(zip(boxes, kinds, strict=True)):
        centre = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
        half = [max(box[2] - box[0], 8) / 2, max(box[3] - box[1], 8) / 2]
        inside = [i for i, c in enumerate(cells) if abs(c[0] - centre[0]) < half[0] and abs(c[1] - centre[1]) < half[1]]
        inside.sort(key=lambda i: -cells[i][7 + kind] * overlap_of(box_of(cells[i]), box) ** 6)
        for cell in inside[:13]:
            wanting.setdefault(cell, []).append(number)
    learned = {c: max(n, key=lambda k, c=c: overlap_of(box_of(cells[c]), boxes[k])) for c, n in wanting.items()}
    found = {}
    for number, (box, kind) in enumerate(zip(boxes, kinds, strict=True)):
        own = [cell for cell, box_number in learned.items() if box_number == number]
        overlaps = {cell: overlap_of(box_of(cells[cell]), box) for cell in own}
        aligned = {cell: cells[cell][7 + kind] * overlaps[cell] ** 6 for cell in own}
        for cell in own:
            found[cell] = (number, aligned[cell] / max(aligned.values()) * max(overlaps.values()))
    return found


def assigned(raw: list[torch.Tensor]) -> Any:
    sides, logits = joined(raw)
    centres, sizes = points(raw, STRIDES)
    predicted = corners(centres, sizes, distances(sides))
    return assign(logits.sigmoid(), predicted, centres, BOXES, KINDS, OF, 8.0)


def test_boxes_and_scores_are_those_that_the_numbers_say(raw: list[torch.Tensor]) -> None:
    boxes, scores = FreeLevels(strides=STRIDES, gains=Gains()).scored(raw)
    wanted = plain(raw)
    assert boxes.shape == (3, 64 + 16, 4)
    for image in range(3):
        assert boxes[image].flatten().tolist() == pytest.approx(
            [v for cell in wanted[image] for v in box_of(cell)], abs=1e-4
        )
        assert scores[image].flatten().tolist() == pytest.approx([v for c in wanted[image] for v in c[7:]], abs=1e-6)


def test_the_cells_that_learn_are_those_of_a_plain_count(raw: list[torch.Tensor]) -> None:
    found, cells = assigned(raw), plain(raw)
    for image in range(3):
        numbers = [n for n in range(4) if OF[n] == image]
        own = assigned_plainly(cells[image], BOXES[numbers].tolist(), KINDS[numbers].tolist())
        here = found.image == image
        got = {
            cell: (numbers.index(target), quality)
            for cell, target, quality in zip(
                found.cell[here].tolist(), found.target[here].tolist(), found.quality[here].tolist(), strict=True
            )
        }
        assert {cell: box for cell, (box, _) in got.items()} == {cell: box for cell, (box, _) in own.items()}
        assert [got[cell][1] for cell in sorted(got)] == pytest.approx([own[cell][1] for cell in sorted(own)], rel=1e-4)


def test_a_box_between_all_centres_is_learned_and_no_cell_twice(raw: list[torch.Tensor]) -> None:
    found = assigned(raw)
    assert 2 in found.target.tolist()  # 2 pixels, from 9 to 11: the centres are at 4, 12, 20 ...
    places = list(zip(found.image.tolist(), found.cell.tolist(), strict=True))
    assert len(places) == len(set(places))
    assert max(torch.bincount(found.target).tolist()) <= 13


def test_the_losses_are_those_of_their_formulas(raw: list[torch.Tensor]) -> None:
    got = free_loss(raw, STRIDES, BOXES, KINDS, OF, gains=Gains())
    found, cells = got.assigned, plain(raw)
    total = max(sum(found.quality.tolist()), 1.0)
    qualities = {
        (image, cell, int(KINDS[target])): quality
        for image, cell, target, quality in zip(*(each.tolist() for each in found), strict=True)
    }
    by_class = 0.0
    for image in range(3):
        for number, cell in enumerate(cells[image]):
            for kind, score in enumerate(cell[7:]):
                q = qualities.get((image, number, kind), 0.0)
                by_class -= abs(q - score) ** 2 * (q * math.log(score) + (1 - q) * math.log(1 - score))
    assert got.classes.item() == pytest.approx(by_class / total, rel=1e-4)
    box_loss = sides_loss = 0.0
    sides = joined(raw)[0]
    for image, cell, target, quality in zip(*(each.tolist() for each in found), strict=True):
        box = BOXES[target].tolist()
        box_loss += quality * (1 - generalised_iou(torch.tensor(box_of(cells[image][cell])), BOXES[target]).item())
        x, y, stride = cells[image][cell][:3]
        true = [(x - box[0]) / stride, (y - box[1]) / stride, (box[2] - x) / stride, (box[3] - y) / stride]
        for side, distance in enumerate(true):
            held = min(max(distance, 0.0), 6.99)
            low, logs = int(held), sides[image, cell, side].log_softmax(0).tolist()
            sides_loss -= quality * ((low + 1 - held) * logs[low] + (held - low) * logs[low + 1])
    assert got.box.item() == pytest.approx(2 * box_loss / total, rel=1e-4)
    assert got.distribution.item() == pytest.approx(0.25 * sides_loss / total, rel=1e-4)


def test_generalised_overlap() -> None:
    """Algorithm 1 by hand: equal boxes 1; beside each other with a gap as wide as each: 0 - 1/3."""
    a = torch.tensor([0.0, 0.0, 2.0, 2.0])
    assert generalised_iou(a, a).item() == pytest.approx(1, abs=1e-5)
    assert generalised_iou(a, torch.tensor([4.0, 0.0, 6.0, 2.0])).item() == pytest.approx(-1 / 3, abs=1e-5)
    assert generalised_iou(a, torch.tensor([1.0, 0.0, 3.0, 2.0])).item() == pytest.approx(1 / 3, abs=1e-5)


def test_a_distribution_that_says_the_distance_costs_nothing() -> None:
    logits = torch.full((1, 4, BINS), -30.0)
    logits[0, :, 3] = 30
    assert distribution_loss(logits, torch.full((1, 4), 3.0)).item() == pytest.approx(0, abs=1e-6)
    flat = torch.zeros(1, 4, BINS)
    assert distribution_loss(flat, torch.tensor([[0.5, -2.0, 99.0, 3.3]])).item() == pytest.approx(4 * math.log(8))


def test_a_batch_without_any_box_teaches_that_nothing_is_there(raw: list[torch.Tensor]) -> None:
    none = torch.zeros(0, dtype=torch.long)
    got = FreeLevels(strides=STRIDES, gains=Gains()).terms(raw, Targets(torch.zeros(0, 4), none, none))
    assert got.positives == (0, 0)
    assert got.losses["box"] == got.losses["distribution"] == 0
    sum(got.losses.values()).backward()
    assert all(each.grad is not None and each.grad.isfinite().all() for each in raw)
    assert raw[0].grad is not None
    assert raw[0].grad[:, 4 * BINS :].min() > 0  # every class is pushed down


def test_cells_are_told_by_level(raw: list[torch.Tensor]) -> None:
    head = FreeLevels(strides=STRIDES, gains=Gains())
    boxes = torch.cat([(BOXES[:, :2] + BOXES[:, 2:]) / 2, BOXES[:, 2:] - BOXES[:, :2]], 1)
    fine, coarse = head.cells(raw, Targets(boxes, KINDS, OF))
    found = assigned(raw)
    both = torch.cat([fine.row * 8 + fine.column, 64 + coarse.row * 4 + coarse.column])
    assert sorted(both.tolist()) == sorted(found.cell.tolist())
    assert head.terms(raw, Targets(boxes, KINDS, OF)).positives == (len(fine.row), len(coarse.row))


def test_levels_share_the_convolutions_and_not_the_norms() -> None:
    head = AnchorFreeHead([16, 16, 16], 5, act=torch.nn.Hardswish)
    weights = sum(p.numel() for n, p in head.named_parameters() if "norms" not in n)
    assert weights == 2 * (16 * 25 + 16 * 16) + 16 * 37 + 37
    assert sum(p.numel() for n, p in head.named_parameters() if "norms" in n) == 2 * 2 * 3 * 2 * 16
    out = head.eval()([torch.zeros(1, 16, s, s) for s in (4, 2, 1)])
    assert [tuple(each.shape) for each in out] == [(1, 37, 4, 4), (1, 37, 2, 2), (1, 37, 1, 1)]
    assert out[0][:, 32:].sigmoid().mean().item() == pytest.approx(0.01, abs=1e-3)
    assert distances(joined(out)[0]).mean().item() == pytest.approx(3.5, abs=0.05)


def test_norms_are_those_of_the_level() -> None:
    head = AnchorFreeHead([8, 8], 2, act=torch.nn.Hardswish).eval()
    same = [torch.ones(1, 8, 4, 4)] * 2
    first, second = head(same)
    assert torch.equal(first, second)
    for norms in (head.units[0].first_norms, head.units[1].second_norms):
        norms[1].weight.data.fill_(3.0)
        assert torch.equal(head(same)[0], first)
        assert not torch.equal(head(same)[1], second)
        norms[1].weight.data.fill_(1.0)


def test_each_stays_below_the_stock_network_of_shape_n_but_the_last() -> None:
    macs = {name: models.entry(name).published[0].macs for name in LIGHT}
    assert max(value for name, value in macs.items() if name != "light_mobilenetv2") < 943_890_688
    assert macs["light_mobilenetv2"] > 943_890_688


@pytest.mark.parametrize("name", ["light_lcnet", "light_mobilenetv2"])
def test_each_is_a_model_file_that_says_the_same(name: str) -> None:
    file = named_file(name, width=0.5, neck_channels=64)
    assert parse(as_text(file), where="again.yaml") == file
    plan = check(file)
    assert not plan.faults
    assert ([plan.stride(source) for source in plan.detect], plan.multiple) == ([8, 16, 32, 64], 32)


@pytest.mark.parametrize(("old", "new", "said"), [
    ("[nc]]", "[nc, anchors]]",                         "leave the key anchors and all arguments but nc out"),
    ("head:", "anchors: 3\nhead:",                      "DetectFree has no anchors"),
    ("DWSepConv, [96, 5, 2], \"@out6\"", "DWSepConv, [64, 5, 2], \"@out6\"", "maps of 96, 64 channels"),
    ("DetectFree", "Detect",                            "levels of anchors, but Detect reads 4 maps"),
    ("DWSepConv, [96, 5, 2], \"@out6\"", "Conv, [96, 3, 2, 0], \"@out6\"", "strides 8, 16, 32, 85.3333; expected"),
])  # fmt: skip
def test_a_file_with_a_wrong_last_row_is_refused(old: str, new: str, said: str) -> None:
    text = as_text(named_file("light_mobilenetv2"))
    assert old in text
    faults = check(parse(text.replace(old, new), where="f.yaml")).faults
    assert said in " ".join(map(str, faults))


@pytest.mark.parametrize(("last", "multiple"), [
    ("DWSepConv, [96, 5, 2]",       32),
    ("nn.MaxPool2d, [3, 2, 1]",     32),
    ("nn.MaxPool2d, [2, 2]",        64),  # 13 cells become 6
    ("Contract, [2]",               64),  # and its channels four times as many
])  # fmt: skip
def test_sides_are_multiples_of_what_does_not_round_up(last: str, multiple: int) -> None:
    text = as_text(named_file("light_mobilenetv2")).replace('DWSepConv, [96, 5, 2], "@out6"', f'{last}, "@out6"')
    assert check(parse(text, where="f.yaml")).multiple == multiple


def test_a_neck_that_would_be_another_one_is_refused() -> None:
    with pytest.raises(UsageError, match="multiple of 8"):
        models.build("light_lcnet", neck_channels=20)


SMALL: dict[str, Any] = {
    "model": "light_lcnet", "width": 0.25, "options": {"neck_channels": 16}, "epochs": 2, "batch_size": 8,
    "threads": 1, "device": "cpu", "workers": 0, "mosaic": 0.0, "resolution": 96,
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("free")
    write_synthetic(folder / "data", train=16, val=4, test=4, side=96, classes=2)
    return folder


def train(place: Path, name: str, **settings: Any) -> Any:
    given = {"data": str(place / "data"), "cache_dir": str(place / "cache"), **SMALL, **settings}
    return lissom.train("detect", runs_dir=place / "runs", name=name, **given)


def test_it_is_trained_shown_exported_and_evaluated_like_any_other(place: Path) -> None:
    run = train(place, "whole")
    assert (run.facts.anchors, run.facts.strides, run.facts.step) == ((), (8, 16, 32, 64), 32)
    for row in run.history:
        assert {"loss_box", "loss_distribution", "loss_class", "map50_95"} <= row.keys()
        assert sum(row[f"positives_p{level}"] for level in (3, 4, 5, 6)) > 0
    assert {"assignment.png", "distributions.svg", "targets.png"} <= {file.name for file in run.path.iterdir()}
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "What learns which box" in page
    assert "How sure the sides are" in page
    assert "Anchors (" not in page
    exported = lissom.export(run.path)
    assert exported["difference"] <= exported["tolerance"]
    measured = lissom.evaluate(run.path, file=exported["file"], write=False)
    assert measured["map50_95"] == pytest.approx(run.test["map50_95"], abs=1e-3)
    images = place / "data" / "images" / "test"
    both = [lissom.predict(which, images, confidence=0.0, max_boxes=3) for which in (run.path, exported["file"])]
    assert [len(row["boxes"]) for row in both[0]] == [len(row["boxes"]) for row in both[1]]


@pytest.mark.parametrize(("settings", "said"), [
    ({"objectness_gain": 2.0},  "has no anchors"),
    ({"label_smoothing": 0.1},  "has no anchors"),
    ({"focal_gamma": 1.0},      "has no anchors"),
    ({"class_positive": 2.0},   "has no anchors"),
    ({"objectness_positive": 2.0}, "has no anchors"),
    ({"anchors": "network"},    "has no anchors"),
    ({"distribution_gain": 1.0, "model": "yolo_mobilenetv2", "options": {"neck": "light"}}, "has anchors"),
])  # fmt: skip
def test_settings_of_the_other_kind_of_head_are_refused(place: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        train(place, "refused", **settings)


def test_a_side_that_the_maps_do_not_fit_is_refused(place: Path) -> None:
    with pytest.raises(DataError, match="multiple of 32"):
        train(place, "side", resolution=80)

"""The anchor head: what its numbers mean, which cells learn which box, and the loss beside a plain second form."""

import math

import numpy as np
import pytest
import torch

from lissom.boxes.forms import to_centres, to_corners
from lissom.boxes.overlap import complete_iou, iou
from lissom.tasks.detect.anchors.assign import assign
from lissom.tasks.detect.anchors.head import AnchorHead, Levels, decode
from lissom.tasks.detect.anchors.loss import Gains, anchor_loss, entropy

STOCK = Levels(
    (8, 16, 32),
    (
        ((10, 13), (16, 30), (33, 23)),
        ((30, 61), (62, 45), (59, 119)),
        ((116, 90), (156, 198), (373, 326)),
    ),
)


def assigned(box: list[float], level: int, side: int = 640) -> set[tuple[int, int, int, float, float]]:
    """(anchor from 1, column, row, offsets) of the cells that learn one box, pixels."""
    stride = STOCK.strides[level]
    boxes = torch.tensor([box]) / stride
    zero = torch.zeros(1, dtype=torch.long)
    cells = side // stride
    got = assign(boxes, zero, zero, torch.tensor(STOCK.anchors[level]) / stride, (cells, cells))
    offsets = got.boxes[:, :2].tolist()
    rows = zip(got.anchor.tolist(), got.column.tolist(), got.row.tolist(), offsets, strict=True)
    return {(anchor + 1, column, row, round(x, 3), round(y, 3)) for anchor, column, row, (x, y) in rows}


def test_cells_of_the_worked_example() -> None:
    """640 pixels, centre (165, 171.2), 80 x 60: 18 positives on the three levels."""
    box = [165, 171.2, 80, 60]
    assert assigned(box, 0) == {(3, 20, 21, 0.625, 0.4), (3, 20, 20, 0.625, 1.4), (3, 21, 21, -0.375, 0.4)}
    middle, large = assigned(box, 1), assigned(box, 2)
    assert {each[:3] for each in middle} == {(a, x, y) for a in (1, 2, 3) for x, y in ((10, 10), (9, 10), (10, 11))}
    assert {each[:3] for each in large} == {(a, x, y) for a in (1, 2) for x, y in ((5, 5), (4, 5), (5, 4))}


@pytest.mark.parametrize(("centre", "cells"), [
    ((164.0, 164.0), {(20, 20)}),                       # exactly the middle of a cell: neither side
    ((1.0, 164.0),   {(0, 20)}),                        # no neighbour outside
    ((639.0, 639.0), {(79, 79)}),
    ((637.0, 163.0), {(79, 20), (79, 19)}),
    ((161.0, 161.0), {(20, 20), (19, 20), (20, 19)}),
])  # fmt: skip
def test_neighbours_at_edges_and_middles(centre: tuple[float, float], cells: set[tuple[int, int]]) -> None:
    got = assigned([*centre, 33, 23], 0)
    assert {(column, row) for anchor, column, row, _, _ in got if anchor == 3} == cells


def test_an_anchor_takes_sides_below_a_factor_of_four() -> None:
    takes = [{a for a, *_ in assigned([164, 164, 33 * factor, 23], 0)} for factor in (3.99, 4.0)]
    assert [3 in each for each in takes] == [True, False]


def plain_decode(raw: list[np.ndarray]) -> np.ndarray:
    """Number by number."""
    out = []
    for values, stride, anchors in zip(raw, STOCK.strides, STOCK.anchors, strict=True):
        _, count, high, wide, _ = values.shape
        for a in range(count):
            for row in range(high):
                for column in range(wide):
                    y = [1 / (1 + math.exp(-float(v))) for v in values[0, a, row, column]]
                    x, top = (2 * y[0] - 0.5 + column) * stride, (2 * y[1] - 0.5 + row) * stride
                    w, h = (2 * y[2]) ** 2 * anchors[a][0], (2 * y[3]) ** 2 * anchors[a][1]
                    out.append([x, top, w, h, *y[4:]])
    return np.array(out)


def drawn(classes: int = 3, side: int = 64, batch: int = 1) -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [torch.randn(batch, 3, side // stride, side // stride, 5 + classes) for stride in STOCK.strides]


def test_decoding_equals_a_plain_form() -> None:
    raw = drawn()
    got = decode(raw, STOCK)
    assert got.shape == (1, 3 * (64 + 16 + 4), 8)
    np.testing.assert_allclose(got[0].numpy(), plain_decode([each.numpy() for each in raw]), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("classes", "bias"), [(80, -4.8804), (20, -3.4558), (1, 0.0)])
def test_biases_at_the_start(classes: int, bias: float) -> None:
    torch.manual_seed(0)
    head = AnchorHead([16, 16, 16], classes, STOCK)
    torch.manual_seed(0)
    plain = [torch.nn.Conv2d(16, 3 * (5 + classes), 1).bias for _ in range(3)]
    for conv, before, objectness in zip(head.levels, plain, (-6.6846, -5.2983, -3.9120), strict=True):
        added = (conv.bias - before).detach().view(3, -1)
        torch.testing.assert_close(added[:, 4], torch.full((3,), objectness), atol=1e-4, rtol=0)
        torch.testing.assert_close(added[:, 5:], torch.full((3, classes), bias), atol=1e-4, rtol=0)
        assert not added[:, :4].any()


def plain_ciou(a: list[float], b: list[float]) -> float:
    """Of centre and size, as the paper writes it."""
    ax, ay, bx, by = (low(box, i) for box in (a, b) for i in (0, 1))
    wide = min(ax + a[2], bx + b[2]) - max(ax, bx)
    high = min(ay + a[3], by + b[3]) - max(ay, by)
    inside = max(wide, 0) * max(high, 0)
    overlap = inside / (a[2] * a[3] + b[2] * b[3] - inside)
    around = (max(ax + a[2], bx + b[2]) - min(ax, bx)) ** 2 + (max(ay + a[3], by + b[3]) - min(ay, by)) ** 2
    shape = 4 / math.pi**2 * (math.atan(b[2] / b[3]) - math.atan(a[2] / a[3])) ** 2
    weight = shape / (1 - overlap + shape) if shape else 0
    return overlap - ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) / around - weight * shape


def low(box: list[float], axis: int) -> float:
    return box[axis] - box[axis + 2] / 2


@pytest.mark.parametrize("other", [[5, 5, 4, 2], [5, 6, 3, 3], [20, 5, 4, 2], [5, 5, 2, 4]], ids=str)
def test_complete_iou_equals_the_papers_formula(other: list[float]) -> None:
    box = [5.0, 5.0, 4.0, 2.0]
    got = complete_iou(torch.tensor(box), torch.tensor(other, dtype=torch.float32)).item()
    assert got == pytest.approx(plain_ciou(box, other), abs=1e-5)


def test_the_shape_terms_weight_carries_no_gradient() -> None:
    box = torch.tensor([5.0, 5.0, 4.0, 2.0], requires_grad=True)
    other = torch.tensor([5.0, 5.0, 2.0, 4.0])
    complete_iou(box, other).backward()
    with torch.no_grad():
        shape = 4 / math.pi**2 * (math.atan(2 / 4) - math.atan(4 / 2)) ** 2
        weight = shape / (1 - iou(to_corners(box), to_corners(other)) + shape)
    again = box.detach().clone().requires_grad_()
    held = iou(to_corners(again), to_corners(other))
    around = (
        (
            torch.maximum(*(to_corners(b)[2:] for b in (again, other)))
            - torch.minimum(*(to_corners(b)[:2] for b in (again, other)))
        )
        .square()
        .sum()
    )
    held = held - (again[:2] - other[:2]).square().sum() / around
    held = held - weight * 4 / math.pi**2 * (math.atan(2 / 4) - torch.atan(again[2] / again[3])) ** 2
    held.backward()
    torch.testing.assert_close(box.grad, again.grad, atol=1e-4, rtol=1e-4)


def plain_loss(raw: list[torch.Tensor], boxes: list[list[float]], classes: list[int], images: list[int]) -> list[float]:
    """Cell by cell, with the gains of three levels; the order of the sums is the rule's."""
    sums, side, k = [0.0, 0.0, 0.0], raw[0].shape[2] * 8, raw[0].shape[-1] - 5
    for level, (out, stride, balance) in enumerate(zip(raw, STOCK.strides, (4.0, 1.0, 0.4), strict=True)):
        wanted, overlaps, entropy, number = torch.zeros(out.shape[:-1]), [], 0.0, 0
        for box, label, image in zip(boxes, classes, images, strict=True):
            for anchor, column, row, x, y in sorted(assigned_exactly(box, level, side)):
                values = out[image, anchor, row, column].sigmoid().tolist()
                w, h = (each / stride for each in STOCK.anchors[level][anchor])
                guess = [2 * values[0] - 0.5, 2 * values[1] - 0.5, (2 * values[2]) ** 2 * w, (2 * values[3]) ** 2 * h]
                overlap = plain_ciou(guess, [x, y, box[2] / stride, box[3] / stride])
                overlaps.append(1 - overlap)
                wanted[image, anchor, row, column] = max(wanted[image, anchor, row, column].item(), overlap, 0)
                for c in range(k):
                    share = values[5 + c]
                    entropy -= math.log(share if c == label else 1 - share)
                    number += 1
        sums[0] += sum(overlaps) / len(overlaps) if overlaps else 0
        logits = out[..., 4]
        cross = -(wanted * logits.sigmoid().log() + (1 - wanted) * (1 - logits.sigmoid()).log())
        sums[1] += balance * cross.mean().item()
        sums[2] += entropy / number if number else 0
    batch = raw[0].shape[0]
    return [0.05 * sums[0] * batch, (side / 640) ** 2 * sums[1] * batch, 0.5 * k / 80 * sums[2] * batch]


def assigned_exactly(box: list[float], level: int, side: int) -> list[tuple[int, int, int, float, float]]:
    stride, found = STOCK.strides[level], []
    cells = side // stride
    gx, gy = box[0] / stride, box[1] / stride
    for index, anchor in enumerate(STOCK.anchors[level]):
        ratios = [max(box[2 + i] / anchor[i], anchor[i] / box[2 + i]) for i in (0, 1)]
        if max(ratios) >= 4:
            continue
        steps = [(0, 0)]
        steps += [(-1, 0)] * (gx % 1 < 0.5 and gx > 1) + [(0, -1)] * (gy % 1 < 0.5 and gy > 1)
        steps += [(1, 0)] * (gx % 1 > 0.5 and cells - gx > 1) + [(0, 1)] * (gy % 1 > 0.5 and cells - gy > 1)
        for dx, dy in steps:
            column, row = int(gx) + dx, int(gy) + dy
            found.append((index, column, row, gx - column, gy - row))
    return found


def test_the_loss_equals_a_plain_form() -> None:
    raw = drawn(classes=4, side=128, batch=2)
    boxes = [[20.0, 30.0, 24.0, 20.0], [21.0, 31.0, 30.0, 30.0], [100.0, 60.0, 90.0, 70.0], [64.0, 64.0, 12.0, 90.0]]
    classes, images = [0, 3, 1, 2], [0, 0, 1, 1]
    got = anchor_loss(raw, torch.tensor(boxes), torch.tensor(classes), torch.tensor(images), STOCK, gains=Gains())
    expected = plain_loss(raw, boxes, classes, images)
    assert [got.box.item(), got.objectness.item(), got.classes.item()] == pytest.approx(expected, rel=1e-4)
    assert sum(got.positives) == sum(len(assigned_exactly(box, level, 128)) for box in boxes for level in range(3))


def test_focal_loss_of_logits_that_are_sure_has_a_gradient() -> None:
    logits = torch.tensor([-100.0, -17.0, 17.0, 40.0, 100.0], requires_grad=True)
    entropy(logits, torch.tensor([0.0, 0.0, 1.0, 1.0, 0.0]), gamma=0.5).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize(("positive", "gamma"), [(3.0, 0.0), (1.0, 1.5), (3.0, 2.0)])
def test_weights_of_what_is_there_and_focal_loss_equal_a_plain_form(positive: float, gamma: float) -> None:
    """Equation 5 of arXiv 1708.02002 term by term: of what is there and of what is not, mixed as the target says."""
    logits, wanted = [-2.0, 0.3, 1.7, -0.4], [0.0, 1.0, 0.25, 0.9]
    expected = 0.0
    for x, y in zip(logits, wanted, strict=True):
        p = 1 / (1 + math.exp(-x))
        term = -positive * y * math.log(p) - (1 - y) * math.log(1 - p)
        if gamma:
            term *= (0.25 * y + 0.75 * (1 - y)) * (1 - (y * p + (1 - y) * (1 - p))) ** gamma
        expected += term / 4
    assert entropy(torch.tensor(logits), torch.tensor(wanted), positive, gamma).item() == pytest.approx(expected)


@pytest.mark.parametrize(("gains", "unlike"), [
    (Gains(objectness_positive=2.0), ("objectness",)),
    (Gains(class_positive=2.0),      ("classes",)),
    (Gains(focal_gamma=1.5),         ("objectness", "classes")),
])  # fmt: skip
def test_which_terms_they_change(gains: Gains, unlike: tuple[str, ...]) -> None:
    boxes, zero = torch.tensor([[20.0, 20.0, 12.0, 14.0]]), torch.zeros(1, dtype=torch.long)
    plain, other = (anchor_loss(drawn(), boxes, zero, zero, STOCK, gains=each) for each in (Gains(), gains))
    assert {n for n in ("box", "objectness", "classes") if getattr(plain, n) != getattr(other, n)} == set(unlike)


def test_where_two_boxes_share_a_cell_the_better_one_counts() -> None:
    raw = drawn(classes=1, side=64)
    boxes = torch.tensor([[20.0, 20.0, 12.0, 14.0], [20.0, 20.0, 30.0, 22.0]])
    zero = torch.zeros(2, dtype=torch.long)
    both = [anchor_loss(raw, boxes[order], zero, zero, STOCK, gains=Gains()) for order in ([0, 1], [1, 0])]
    assert both[0].objectness.item() == both[1].objectness.item()


def test_no_box_in_a_batch_still_teaches_objectness() -> None:
    raw = [each.requires_grad_() for each in drawn()]
    none = torch.zeros(0, dtype=torch.long)
    got = anchor_loss(raw, torch.zeros(0, 4), none, none, STOCK, gains=Gains())
    assert got.positives == (0, 0, 0)
    assert (got.box.item(), got.classes.item()) == (0, 0)
    (got.box + got.objectness + got.classes).backward()
    assert all(each.grad[..., 4].any() and not each.grad[..., :4].any() for each in raw)


def test_smoothing_and_one_class() -> None:
    raw, boxes, zero = drawn(classes=2), torch.tensor([[20.0, 20.0, 12.0, 14.0]]), torch.zeros(1, dtype=torch.long)
    plain, smooth = (
        anchor_loss(raw, boxes, zero, zero, STOCK, gains=Gains(), label_smoothing=s).classes.item() for s in (0.0, 0.2)
    )
    logits = []
    for out, level in zip(raw, range(3), strict=True):
        cells = assigned_exactly([20, 20, 12, 14], level, 64)
        logits += [torch.stack([out[0, a, row, column, 5:] for a, column, row, _, _ in cells])] if cells else []
    shift = sum((0.1 * (each[:, 0] - each[:, 1])).mean().item() / 2 for each in logits)
    assert smooth - plain == pytest.approx(0.5 * 2 / 80 * shift, rel=1e-4)
    assert anchor_loss(drawn(classes=1), boxes, zero, zero, STOCK, gains=Gains()).classes.item() == 0


def test_forms_of_boxes_turn_into_each_other() -> None:
    corners = torch.tensor([[1.0, 2.0, 5.0, 10.0]])
    assert to_centres(corners).tolist() == [[3, 6, 4, 8]]
    assert torch.equal(to_corners(to_centres(corners)), corners)
    assert to_corners(np.array([[3.0, 6.0, 4.0, 8.0]])).tolist() == [[1, 2, 5, 10]]

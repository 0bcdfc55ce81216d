"""A detector with its suppression inside, so that its file gives boxes that are kept: torch's and ONNX's form of it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from onnxscript import opset18
from torch import Tensor, nn

from lissom.boxes.overlap import iou
from lissom.boxes.suppress import Detections, Rule, suppress
from lissom.deploy.parity import Parity
from lissom.tasks.detect.inside import CLASSES, COUNT
from lissom.tasks.detect.predictor import BOXES, SCORES
from lissom.tasks.detect.scored import Scored
from lissom.training.task import Arrays

op: Any = opset18  # its annotations are for functions that are compiled, not traced
CANDIDATES = Rule._field_defaults["candidates"]
NEARLY = 1e-3  # of the overlap that is allowed: float32's rounding of boxes of a few pixels

Kept = tuple[Tensor, Tensor, Tensor, Tensor]
"""boxes B M 4, scores B M, classes B M, count B: the first `count` of M are boxes, by falling score; 0 behind them."""


@torch.library.custom_op("lissom::keep_boxes", mutates_args=())
def keep_boxes(boxes: Tensor, scores: Tensor, confidence: float, iou: float, most: int, agnostic: bool) -> Kept:
    """Boxes B N 4 and scores B N K -> those that are kept, as in prediction."""
    rule = Rule(confidence=confidence, iou=iou, most=most, agnostic=agnostic)
    count = torch.zeros(len(boxes), dtype=torch.int64)
    kept, said = torch.zeros(len(boxes), most, 4), torch.zeros(len(boxes), most)
    classes = torch.zeros(len(boxes), most, dtype=torch.int64)
    for row, (own, score) in enumerate(zip(boxes.cpu().numpy(), scores.cpu().numpy(), strict=True)):
        found = suppress(own, score, rule, by_torch=True)
        count[row] = n = len(found.scores)
        kept[row, :n], said[row, :n] = torch.from_numpy(found.boxes), torch.from_numpy(found.scores)
        classes[row, :n] = torch.from_numpy(found.classes)
    return tuple(each.to(boxes.device) for each in (kept, said, classes, count))  # type: ignore[return-value]


@keep_boxes.register_fake
def _shapes(boxes: Tensor, scores: Tensor, confidence: float, iou: float, most: int, agnostic: bool) -> Kept:
    batch = boxes.shape[0]
    whole = {"dtype": torch.int64}
    kept, said = boxes.new_empty(batch, most, 4), boxes.new_empty(batch, most)
    return kept, said, boxes.new_empty((batch, most), **whole), boxes.new_empty(batch, **whole)  # type: ignore[arg-type]


def as_onnx(boxes: Any, scores: Any, confidence: float, iou: float, most: int, agnostic: bool) -> Any:
    """The same in operators of ONNX; traced by the exporter, `boxes` and `scores` being its values.

    The candidates with the highest scores, each of its best class, go through NonMaxSuppression, which has no order
    across classes; those that it selects get their score, all others -1, and the highest of these are kept.
    """
    padded = op.Pad(boxes, op.Constant(value_ints=[0, 0, 0, 0, most, 0]))  # there may be fewer
    held = op.Min(op.Constant(value_ints=[CANDIDATES]), op.Shape(padded, start=1, end=2))
    best, index = op.TopK(op.Pad(op.ReduceMax(scores, _axes(2), keepdims=0), _behind(most)), held, axis=1)
    kinds = op.Pad(op.ArgMax(scores, axis=2, keepdims=0), _behind(most))
    kinds, padded = op.GatherElements(kinds, index, axis=1), _boxes_at(padded, index)  # B C; B C 4
    apart = op.Unsqueeze(best, _axes(1))  # B 1 C
    if not agnostic:
        classes = op.Shape(scores, start=2, end=3)
        apart = op.Mul(apart, op.OneHot(kinds, classes, op.Constant(value_floats=[0.0, 1.0]), axis=1))  # B K C
    limits = (op.Constant(value_ints=[most]), op.Constant(value_floats=[iou]), op.Constant(value_floats=[confidence]))
    selected = op.NonMaxSuppression(padded, apart, *limits)  # n 3: image, class, box
    where = op.Gather(selected, op.Constant(value_ints=[0, 2]), axis=1)
    none = op.Sub(op.Mul(best, op.Constant(value_float=0.0)), op.Constant(value_float=1.0))
    kept = op.ScatterND(none, where, op.GatherND(best, where))  # B C
    top, index = op.TopK(kept, op.Constant(value_ints=[most]), axis=1)
    there = op.Greater(top, op.Constant(value_float=0.0))
    floats, whole = op.Cast(there, to=1), op.Cast(there, to=7)
    count = op.ReduceSum(whole, _axes(1), keepdims=0)
    chosen = op.Mul(_boxes_at(padded, index), op.Unsqueeze(floats, _axes(2)))
    return chosen, op.Mul(top, floats), op.Mul(op.GatherElements(kinds, index, axis=1), whole), count


def _axes(axis: int) -> Any:
    return op.Constant(value_ints=[axis])


def _behind(count: int) -> Any:
    return op.Constant(value_ints=[0, 0, 0, count])


def _boxes_at(boxes: Any, index: Any) -> Any:
    """B N 4 at B M -> B M 4."""
    four = op.Expand(op.Unsqueeze(index, _axes(2)), op.Constant(value_ints=[1, 1, 4]))
    return op.GatherElements(boxes, four, axis=1)


TRANSLATIONS = {torch.ops.lissom.keep_boxes.default: as_onnx}


class Suppressed(nn.Module):
    """`B 3 H W -> boxes B M 4 (corners, pixels of the input), scores B M, classes B M, count B`."""

    def __init__(self, scored: Scored, rule: Rule) -> None:
        super().__init__()
        self.scored, self.rule = scored, rule

    def forward(self, images: Tensor) -> Kept:
        boxes, scores = self.scored(images)
        rule = self.rule
        return keep_boxes(boxes, scores, rule.confidence, rule.iou, rule.most, rule.agnostic)


def agree(got: Arrays, want: Arrays, rule: Rule, *, pixels: float, score: float) -> Parity:
    """Whether two sets of kept boxes are the same; the difference is told in that of scores.

    Each box has its like in the other set: of its class, within so many pixels and so much score. One may be without it
    where rounding decides: where its score is that of the limit, or of the last one kept, or where it overlaps another
    one just as much as is allowed.
    """
    worst = [_farthest(*pair, rule, pixels, score) for pair in zip(_images(got), _images(want), strict=True)]
    return Parity(
        largest_difference=max(worst, default=0.0) * score,
        argmax_agree=sum(each <= 1 for each in worst),
        n=len(want[COUNT]),
        tolerance=score,
    )


def _images(outputs: Arrays) -> Iterator[Detections]:
    columns = (outputs[name] for name in (BOXES, SCORES, CLASSES, COUNT))
    for boxes, scores, classes, count in zip(*columns, strict=True):
        yield Detections(*(each[: int(count)] for each in (boxes, scores, classes)))


def _farthest(got: Detections, want: Detections, rule: Rule, pixels: float, score: float) -> float:
    """The largest distance of a box from its like, 1: as far as it may be; a box without one is as far as its score."""
    worst = 0.0
    for mine, other in ((got, want), (want, got)):
        for box, said, kind in zip(*mine, strict=True):
            same = other.classes == kind
            sides = np.abs(other.boxes[same].astype(np.float64) - box).max(1, initial=0) / pixels
            apart = np.maximum(sides, np.abs(other.scores[same] - said) / score)
            nearest = min([*apart.tolist(), float(said) / score])
            if nearest > 1 and _undecided(box, said, kind, other, rule, score):
                continue
            worst = max(worst, nearest)
    return worst


def _undecided(box: Any, said: float, kind: int, other: Detections, rule: Rule, score: float) -> bool:
    """Whether rounding alone may have left the box out of the others."""
    if said - rule.confidence <= score or (len(other.scores) >= rule.most and said - other.scores[-1] <= score):
        return True
    rivals = other.boxes if rule.agnostic else other.boxes[other.classes == kind]
    overlaps = iou(torch.from_numpy(np.asarray(box, np.float64)), torch.from_numpy(rivals.astype(np.float64)))
    return bool((overlaps - rule.iou).abs().lt(NEARLY).any())

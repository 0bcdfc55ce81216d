"""COCO's figures by faster-coco-eval, which gives those of pycocotools. The one file that imports it."""

import contextlib
import importlib.util
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.boxes.suppress import Detections
from lissom.errors import UsageError
from lissom.tasks.detect.data.pictures import Pictures

MOST = 100  # boxes of a class in an image that COCO looks at
NAMES = ("map50_95", "map50", "map75", "map_small", "map_medium", "map_large")  # of the first six numbers
RECALL = "recall_100"


@dataclass(frozen=True, kw_only=True)
class CocoFigures:
    """What an evaluation found; a figure that nothing defines is None."""

    values: dict[str, float | None]
    """By the names of `NAMES`, and the mean recall at 100 boxes."""
    by_class: list[dict[str, Any]]
    """Of each class its average precision at 0.50:0.95 and at 0.50, None without boxes."""
    curves: NDArray[np.float64]
    """101 K: precision at recall 0, 0.01 ... 1 at overlap 0.5; -1 of a class without boxes."""


def require_package() -> None:
    """Raises: UsageError where faster-coco-eval is not installed: before hours are lost."""
    if importlib.util.find_spec("faster_coco_eval") is None:
        raise UsageError("detect-needs-extra", package="faster-coco-eval", extra="detect")


def coco_figures(pictures: Pictures, found: Sequence[Detections], classes: int) -> CocoFigures:
    """COCO's rules (area ranges, crowds, 100 boxes) on boxes in pixels of the pictures. found: for each picture."""
    require_package()
    from faster_coco_eval import COCO, COCOeval_faster

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(_as_dataset(pictures, classes))
        rows = _as_rows(found)
        if not len(rows):
            return _nothing_found(pictures, classes)
        evaluation = COCOeval_faster(truth, truth.loadRes(rows), iouType="bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    stats = [float(value) for value in evaluation.stats]
    values = {name: None if value < 0 else value for name, value in zip(NAMES, stats, strict=False)}
    precision = np.asarray(evaluation.eval["precision"])[:, :, :, 0, -1]  # T R K A M -> T R K
    return CocoFigures(
        values={**values, RECALL: None if stats[8] < 0 else stats[8]},
        by_class=[_of_class(precision[:, :, number]) for number in range(classes)],
        curves=precision[0],
    )


def _of_class(precision: NDArray[np.float64]) -> dict[str, Any]:
    """precision: T R."""
    if (precision < 0).all():
        return {"map50_95": None, "map50": None}
    return {"map50_95": float(precision.mean()), "map50": float(precision[0].mean())}


def _nothing_found(pictures: Pictures, classes: int) -> CocoFigures:
    """Nothing is right; what has no boxes has no figure."""
    counted = ~pictures.crowd
    there = np.bincount(pictures.classes[counted], minlength=classes) > 0
    sides = pictures.boxes[counted, 2:] - pictures.boxes[counted, :2]
    area = sides.prod(1)
    ranges = ((0, 1e10), (0, 1e10), (0, 1e10), (0, 32**2), (32**2, 96**2), (96**2, 1e10))
    known = [bool(((area >= low) & (area <= high)).any()) for low, high in ranges]
    values: dict[str, float | None] = {n: 0.0 if is_there else None for n, is_there in zip(NAMES, known, strict=True)}
    by_class: list[dict[str, Any]] = [
        dict.fromkeys(("map50_95", "map50"), 0.0 if each else None) for each in there.tolist()
    ]
    curves = np.where(there, 0.0, -1.0)[None].repeat(101, 0)
    return CocoFigures(values={**values, RECALL: values["map50"]}, by_class=by_class, curves=curves)


def _as_dataset(pictures: Pictures, classes: int) -> dict[str, Any]:
    sides = pictures.boxes[:, 2:] - pictures.boxes[:, :2]
    xywh = np.concatenate([pictures.boxes[:, :2], sides], 1).astype(np.float64)
    image = np.repeat(np.arange(len(pictures)), np.diff(pictures.starts))
    columns = zip(image.tolist(), xywh.tolist(), pictures.classes.tolist(), pictures.crowd.tolist(), strict=True)
    return {
        "info": {},
        "images": [
            {"id": index + 1, "width": int(width), "height": int(height)}
            for index, (width, height) in enumerate(pictures.sizes.tolist())
        ],
        "categories": [{"id": number + 1, "name": str(number)} for number in range(classes)],
        "annotations": [
            {"id": index + 1, "image_id": of + 1, "category_id": number + 1, "bbox": box,
             "area": box[2] * box[3], "iscrowd": int(crowd)}
            for index, (of, box, number, crowd) in enumerate(columns)
        ],
    }  # fmt: skip


def _as_rows(found: Sequence[Detections]) -> NDArray[np.float64]:
    """n 7: image, x, y, w, h, score, class; numbers from 1."""
    parts = []
    for index, one in enumerate(found):
        box = one.boxes.astype(np.float64)
        image, score, number = np.full(len(box), index + 1.0), one.scores.astype(np.float64), one.classes + 1.0
        parts.append(np.column_stack([image, box[:, :2], box[:, 2:] - box[:, :2], score, number]))
    return np.concatenate(parts) if parts else np.zeros((0, 7))

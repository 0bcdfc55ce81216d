"""Files with suppression inside: how their boxes are taken, and which settings are then decided. No torch here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lissom.boxes.suppress import Detections
from lissom.errors import DataError, UsageError
from lissom.tasks.detect.settings import DetectExportOptions, DetectOptions
from lissom.training.task import Arrays

if TYPE_CHECKING:
    from lissom.deploy.targets import Runs

CLASSES, COUNT = "classes", "count"


def options_of(file: "Runs") -> DetectExportOptions | None:
    """How the file was made, where its suppression is inside. Raises: DataError for what no file has."""
    if not file.options.get("nms"):
        return None
    from lissom.config import updated

    try:
        return updated(DetectExportOptions(), file.options, where=str(file.path))
    except UsageError as error:
        raise DataError("deploy-not-onnx", path=file.path, reason=error) from error


def require_possible(file: "Runs", made: DetectExportOptions, asked: DetectOptions) -> None:
    """Raises: UsageError for a setting of a prediction that the file has decided otherwise."""
    plain, rule = DetectOptions(), made.rule
    refused = {
        "confidence": asked.confidence != plain.confidence and asked.confidence < rule.confidence,
        "iou": asked.iou not in (plain.iou, rule.iou),
        "max_boxes": asked.max_boxes != plain.max_boxes and asked.max_boxes > rule.most,
        "agnostic": asked.agnostic and not rule.agnostic,
    }
    has = {"confidence": rule.confidence, "iou": rule.iou, "max_boxes": rule.most, "agnostic": rule.agnostic}
    for name in (name for name, is_refused in refused.items() if is_refused):
        flag, got = name.replace("_", "-"), getattr(asked, name)
        raise UsageError("detect-nms-decided", name=flag, got=got, path=file.path, has=has[name])


def require_kept(file: "Runs", outputs: Mapping[str, np.ndarray], boxes: str, scores: str) -> None:
    """Raises: DataError for outputs that are not those of suppressed boxes."""
    shapes = {name: values.shape[1:] for name, values in outputs.items()}
    most = shapes.get(scores, ())
    if shapes != {boxes: (*most, 4), scores: most, CLASSES: most, COUNT: ()} or len(most) != 1:
        raise DataError("deploy-not-onnx", path=file.path, reason=f"{shapes}")


def taken(outputs: Arrays, boxes: str, scores: str, asked: DetectOptions, left_out: np.ndarray) -> list[Detections]:
    """Of each image the boxes of the file that are asked for. left_out: K, classes that are not looked for."""
    found = []
    for row, count in enumerate(outputs[COUNT].tolist()):
        own: list[Any] = [outputs[name][row, : int(count)] for name in (boxes, scores, CLASSES)]
        good = (own[1] > asked.confidence) & ~left_out[own[2]]
        found.append(Detections(*(each[good][: asked.max_boxes] for each in own)))
    return found

"""Detection for the engine: what the head learns, and COCO's average precision."""

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn

from lissom.boxes.suppress import Detections, Rule, suppress
from lissom.engine.objective import Losses
from lissom.errors import LissomError, ResultError
from lissom.tasks.detect.batches import DetectBatch
from lissom.tasks.detect.coco import coco_figures
from lissom.tasks.detect.data.pictures import Pictures
from lissom.tasks.detect.heads import Head, Targets, Terms
from lissom.tasks.detect.letterbox import Fit, to_image
from lissom.tasks.detect.scored import as_arrays

JUDGED = Rule(confidence=0.001, iou=0.6, most=300, several=True)
"""Which boxes are judged: nearly all, as average precision asks for."""
POSITIVES = "positives_p"


class Detect:
    """What a training on photos with boxes minimises and how it is judged.

    val: the pictures that choose the best weights.
    """

    primary_metric = "map50_95"

    def __init__(self, head: Head, val: Pictures, classes: int) -> None:
        self._head, self._val, self._classes = head, val, classes
        self._columns = [f"{POSITIVES}{stride.bit_length() - 1}" for stride in head.strides]

    def outputs(self, model: nn.Module, batch: DetectBatch) -> list[Tensor]:
        """The raw numbers of each level."""
        return model(batch.images)

    def losses(self, outputs: list[Tensor], batch: DetectBatch) -> Losses:
        """Those of the head; observed is how many cells learn a box, by level."""
        terms = self._terms(outputs, batch)
        return Losses(terms.losses, dict(zip(self._columns, map(float, terms.positives), strict=True)))

    def _terms(self, outputs: list[Tensor], batch: DetectBatch) -> Terms:
        return self._head.terms(outputs, Targets(batch.boxes, batch.classes, batch.of))

    def evaluate(self, model: nn.Module, batches: Iterable[DetectBatch]) -> dict[str, float]:
        """COCO's `map50_95` and `map50`, and the mean loss; none where there are no batches."""
        found: dict[int, Detections] = {}
        total = 0.0
        for batch in batches:
            raw = self.outputs(model, batch)
            total += len(batch) * sum(float(loss) for loss in self._terms(raw, batch).losses.values())
            boxes, scores = as_arrays(raw, self._head)
            found |= zip(batch.indices, judged(boxes, scores, batch.fits), strict=True)
        if not found:
            return {}
        figures = coco_figures(self._val, [found[index] for index in range(len(self._val))], self._classes)
        names = ("map50_95", "map50")
        return {name: figures.values[name] or 0.0 for name in names} | {"loss": total / len(found)}

    def why_stop(self, row: dict[str, Any]) -> LissomError | None:
        """After an epoch in which no cell of any level learned a box."""
        if any(row.get(column, 0) for column in self._columns):
            return None
        return ResultError("detect-no-positives", epoch=row["epoch"])


def judged(boxes: Tensor, scores: Tensor, fits: Iterable[Fit], rule: Rule = JUDGED) -> list[Detections]:
    """Of each image the boxes that are kept, in pixels of the image. boxes: B N 4. scores: B N K, both on the CPU."""
    kept = []
    for own, score, fit in zip(boxes.numpy(), scores.numpy(), fits, strict=True):
        found = suppress(own, score, rule, by_torch=True)
        kept.append(found._replace(boxes=to_image(found.boxes, fit)))
    return kept

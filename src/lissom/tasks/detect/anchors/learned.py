"""The anchor head as the task uses it: what its numbers say, what they learn and from which boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lissom.boxes.forms import to_corners
from lissom.tasks.detect.anchors.assign import Assigned, assign
from lissom.tasks.detect.anchors.head import BOX, Levels, decode
from lissom.tasks.detect.anchors.loss import Gains, anchor_loss
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.heads import Cells, Targets, Terms


@dataclass(frozen=True, kw_only=True)
class AnchorLevels:
    """Raw numbers of each level are `B A ny nx 5 + K`.

    nominal: the losses are those of a batch of so many images, the mean over the images times this.
    """

    levels: Levels
    gains: Gains
    nominal: int = 64
    label_smoothing: float = 0.0

    @classmethod
    def of(cls, facts: DetectFacts, optim: Any) -> "AnchorLevels":
        levels = Levels(facts.strides, facts.anchors)
        if optim is None:
            return cls(levels=levels, gains=Gains())
        given = {"box": optim.box_gain, "objectness": optim.objectness_gain, "classes": optim.class_gain}
        gains = Gains(**{name: gain for name, gain in given.items() if gain is not None})
        return cls(levels=levels, gains=gains, nominal=optim.nominal_batch, label_smoothing=optim.label_smoothing)

    @property
    def strides(self) -> tuple[int, ...]:
        return self.levels.strides

    def scored(self, raw: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """A score is objectness times class; of a single class, which is not learned, objectness alone."""
        decoded = decode([each.float() for each in raw], self.levels)
        boxes, objectness, classes = decoded.split([4, 1, decoded.shape[2] - BOX], 2)
        return to_corners(boxes), objectness if classes.shape[2] == 1 else objectness * classes

    def terms(self, raw: Sequence[Tensor], targets: Targets) -> Terms:
        found = anchor_loss(
            [each.float() for each in raw],
            *targets,
            self.levels,
            gains=self.gains,
            label_smoothing=self.label_smoothing,
        )
        share = self.nominal / len(raw[0])
        named = {"box": found.box, "objectness": found.objectness, "class": found.classes}
        return Terms({name: value * share for name, value in named.items()}, found.positives)

    def sides(self, raw: Sequence[Tensor]) -> None:
        return None

    def cells(self, raw: Sequence[Tensor], targets: Targets) -> list[Cells]:
        found = []
        for out, stride, anchors in zip(raw, self.levels.strides, self.levels.anchors, strict=True):
            size, in_cells = (out.shape[2], out.shape[3]), out.new_tensor(anchors) / stride
            own: Assigned = assign(targets.boxes / stride, targets.classes, targets.of, in_cells, size)
            found.append(Cells(own.image, own.row, own.column, own.target))
        return found

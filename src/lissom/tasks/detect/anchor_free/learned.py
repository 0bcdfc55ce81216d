"""The head without anchors as the task uses it: what its numbers say, what they learn and from which boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from torch import Tensor

from lissom.boxes.forms import to_corners
from lissom.tasks.detect.anchor_free.assign import Assigned
from lissom.tasks.detect.anchor_free.head import corners, distances, joined, points
from lissom.tasks.detect.anchor_free.loss import Gains, Learned, free_loss
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.heads import Cells, Sides, Targets, Terms


@dataclass(frozen=True, kw_only=True)
class FreeLevels:
    """Raw numbers of each level are `B 4 x 8 + K ny nx`."""

    strides: tuple[int, ...]
    gains: Gains

    @classmethod
    def of(cls, facts: DetectFacts, optim: Any) -> "FreeLevels":
        if optim is None:
            return cls(strides=facts.strides, gains=Gains())
        given = {"box": optim.box_gain, "distribution": optim.distribution_gain, "classes": optim.class_gain}
        return cls(strides=facts.strides, gains=Gains(**{name: v for name, v in given.items() if v is not None}))

    def scored(self, raw: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """A score says both how sure the class and how good the box is."""
        levels = [each.float() for each in raw]
        sides, logits = joined(levels)
        return corners(*points(levels, self.strides), distances(sides)), logits.sigmoid()

    def terms(self, raw: Sequence[Tensor], targets: Targets) -> Terms:
        found = self._learned(raw, targets)
        named = {"box": found.box, "distribution": found.distribution, "class": found.classes}
        counts = tuple(len(each.row) for each in self._by_level(raw, found.assigned))
        return Terms(named, counts)

    def sides(self, raw: Sequence[Tensor]) -> Sides:
        levels = [each.float() for each in raw]
        return Sides(joined(levels)[0].softmax(-1), *points(levels, self.strides))

    def cells(self, raw: Sequence[Tensor], targets: Targets) -> list[Cells]:
        return self._by_level(raw, self._learned(raw, targets).assigned)

    def _learned(self, raw: Sequence[Tensor], targets: Targets) -> Learned:
        boxes = to_corners(targets.boxes)
        levels = [each.float() for each in raw]
        return free_loss(levels, self.strides, boxes, targets.classes, targets.of, gains=self.gains)

    def _by_level(self, raw: Sequence[Tensor], found: Assigned) -> list[Cells]:
        ends = accumulate((out.shape[2] * out.shape[3] for out in raw), initial=0)
        cells = []
        for out, start in zip(raw, ends, strict=False):
            own = (found.cell >= start) & (found.cell < start + out.shape[2] * out.shape[3])
            at = found.cell[own] - start
            wide = out.shape[3]
            cells.append(Cells(found.image[own], at // wide, at % wide, found.target[own]))
        return cells

"""A confusion matrix without its zeros: that of 5,000 classes has 25 million cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MANY = 100  # classes; the matrix of more is stored without its zeros, and drawn of the most confused classes alone

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Confused:
    """Cells that are not 0, row by row."""

    true: Counts
    """Class of the row `N`."""
    predicted: Counts
    """Class of the column `N`."""
    count: Counts
    """`N`, 1 or more."""
    classes: int

    @property
    def cells(self) -> tuple[Counts, Counts, Counts]:
        """`true`, `predicted` and `count`, side by side."""
        return self.true, self.predicted, self.count

    @property
    def mistakes(self) -> "Confused":
        """Without the diagonal."""
        wrong = self.true != self.predicted
        return Confused(self.true[wrong], self.predicted[wrong], self.count[wrong], self.classes)

    @property
    def totals(self) -> Counts:
        """Samples of each true class `K`."""
        return _summed(self.true, self.count, self.classes)

    @property
    def occurring(self) -> NDArray[np.bool_]:
        """`K`, whether a class is true or predicted anywhere."""
        found = np.zeros(self.classes, bool)
        found[self.true] = found[self.predicted] = True
        return found

    def most_mistaken(self, most: int) -> Counts:
        """At most that many classes, by number, that take part in the most mistakes, on either side."""
        wrong = self.mistakes
        sides = [_summed(side, wrong.count, self.classes) for side in (wrong.true, wrong.predicted)]
        return np.sort(np.argsort(-(sides[0] + sides[1]), kind="stable")[:most])

    def matrix(self, chosen: Sequence[int] | Counts | None = None) -> Counts:
        """`K K`, row the true class, column the predicted one; chosen: of these classes alone, in their order."""
        wanted = np.arange(self.classes) if chosen is None else np.asarray(chosen, np.int64)
        index = np.full(self.classes, -1)
        index[wanted] = np.arange(len(wanted))
        rows, columns = index[self.true], index[self.predicted]
        inside = (rows >= 0) & (columns >= 0)
        dense = np.zeros((len(wanted), len(wanted)), np.int64)
        dense[rows[inside], columns[inside]] = self.count[inside]
        return dense

    def stored(self) -> list[list[int]] | dict[str, Any]:
        """As in evaluation.json: rows of counts, or of more than `MANY` classes three lists side by side."""
        if self.classes <= MANY:
            return self.matrix().tolist()
        cells = zip(("true", "predicted", "count"), self.cells, strict=True)
        return {"classes": self.classes, **{name: values.tolist() for name, values in cells}}


def confused(true: NDArray[np.integer], predicted: NDArray[np.integer], classes: int) -> Confused:
    """Of the class numbers of `N` samples."""
    cells, count = np.unique(true.astype(np.int64) * classes + predicted, return_counts=True)
    return Confused(cells // classes, cells % classes, count.astype(np.int64), classes)


def read_confused(stored: Sequence[Sequence[int]] | Counts | Mapping[str, Any]) -> Confused:
    """Of either form that `stored` gives."""
    if isinstance(stored, Mapping):
        cells = (np.array(stored[name], np.int64) for name in ("true", "predicted", "count"))
        return Confused(*cells, classes=int(stored["classes"]))
    matrix = np.asarray(stored, np.int64)
    true, predicted = np.nonzero(matrix)
    return Confused(true, predicted, matrix[true, predicted], len(matrix))


def _summed(index: Counts, count: Counts, classes: int) -> Counts:
    return np.bincount(index, weights=count, minlength=classes).astype(np.int64)

"""The confusion matrix: counts as numbers, shares of each true class as colour."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from lissom.report.canvas import figure, style
from lissom.report.lettering import class_labels, label, letters, word
from lissom.report.tables import cells_to_csv
from lissom.stats.confused import MANY, Confused

MOST_WITH_COUNTS = 30  # classes; beyond, a cell is smaller than its number
LARGEST = 8.6  # inches, of all cells: with its names, as wide as a page
MOST_WITH_NAMES = 150  # classes; beyond, names overlap, and the axes count
SHARES = LinearSegmentedColormap.from_list("shares", ["#ffffff", "#9cc3e6", "#2464a6", "#0b2c52"])
ON_LIGHT, ON_DARK = "#10202e", "#f7fafc"  # numbers in cells keep their colour when the page turns dark


def drawn_classes(counts: Confused) -> list[int]:
    """Those of the picture: all, or of more than `MANY` those that take part in the most mistakes."""
    return list(range(counts.classes)) if counts.classes <= MANY else counts.most_mistaken(MOST_WITH_COUNTS).tolist()


def confusion_of(counts: Confused, class_names: Sequence[str]) -> Figure:
    """The picture of the classes `drawn_classes`; shares are of all samples of a true class."""
    chosen = drawn_classes(counts)
    return confusion(counts.matrix(chosen), [class_names[k] for k in chosen], totals=counts.totals[chosen])


def confusion(
    matrix: np.ndarray, class_names: Sequence[str], *, title: str = "", totals: np.ndarray | None = None
) -> Figure:
    """`matrix` K K, integers: row the true class, column the predicted one; totals: samples `K` of each true class,
    where the matrix has not all columns."""
    matrix = np.asarray(matrix)
    count = len(class_names)
    assert matrix.shape == (count, count), f"{matrix.shape} for {count} classes"
    rows = matrix.sum(axis=1) if totals is None else totals
    shares = matrix / np.maximum(rows, 1)[:, None]  # an absent class is a white row
    side = float(np.clip((0.6 if count <= 6 else 0.5 if count <= 15 else 0.42) * count, 2.2, LARGEST))
    with style():
        picture = figure(side + 2.2, side + 1.1)  # names at the left and below, the colour bar at the right
        axes = picture.subplots()
        mesh = axes.imshow(shares, cmap=SHARES, vmin=0, vmax=1, interpolation="nearest")
        picture.colorbar(mesh, ax=axes, shrink=0.7 if count > 6 else 1.0, label=word("share_of_true"))
        _axes(axes)
        if count <= MOST_WITH_NAMES:
            _ticks(axes, class_labels(class_names), side / count)
        if count <= MOST_WITH_COUNTS:
            _counts(axes, matrix, shares)
        if title:
            axes.set_title(label(title, longest=60))
    return picture


def confusion_csv(counts: Confused, class_names: Sequence[str]) -> str:
    """The counts as a table: row the true class, column the predicted one; of more than `MANY` classes one row for each
    cell that is not 0: true, predicted, count."""
    if counts.classes > MANY:
        cells = zip(*(values.tolist() for values in counts.cells), strict=True)
        named = ([class_names[true], class_names[predicted], count] for true, predicted, count in cells)
        return cells_to_csv([["true", "predicted", "count"], *named])
    rows = zip(class_names, counts.matrix().tolist(), strict=True)
    return cells_to_csv([["true / predicted", *class_names], *([name, *each] for name, each in rows)])


def most_confused(counts: Confused, class_names: Sequence[str], *, most: int = 10) -> list[dict[str, Any]]:
    """The commonest mistakes, largest first: rows of true, predicted, count, share of the true class."""
    wrong, totals, rows = counts.mistakes, counts.totals, []
    for k in np.argsort(-wrong.count, kind="stable")[:most]:
        true, predicted, count = (int(values[k]) for values in wrong.cells)
        names = {"true": class_names[true], "predicted": class_names[predicted]}
        rows.append({**names, "count": count, "share": count / int(totals[true])})
    return rows


def _ticks(axes: Axes, names: list[str], cell: float) -> None:
    size = float(np.clip(72 * cell * 0.75, 4.5, 10))  # points that fit one cell's height, in inches
    upright = max(map(letters, names)) > 2
    axes.set_xticks(range(len(names)), names, fontsize=size, rotation=90 if upright else 0)
    axes.set_yticks(range(len(names)), names, fontsize=size)


def _axes(axes: Axes) -> None:
    axes.set_xlabel(word("predicted"))
    axes.set_ylabel(word("true"))
    axes.grid(False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _counts(axes: Axes, matrix: np.ndarray, shares: np.ndarray) -> None:
    size = 9 if len(matrix) <= 15 else 6
    for row, column in zip(*np.nonzero(matrix), strict=True):
        colour = ON_DARK if shares[row, column] > 0.5 else ON_LIGHT
        axes.text(column, row, f"{matrix[row, column]}", ha="center", va="center", fontsize=size, color=colour)

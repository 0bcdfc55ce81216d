"""Precision and recall drawn: one over the other, and both and F1 over the confidence."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from lissom.report.canvas import BLUE, GREEN, MUTED, ORANGE, figure, style
from lissom.report.lettering import worded
from lissom.tasks.detect.matching import CONFIDENCES, RECALLS, Curves

MOST_LINES = 20  # classes that are drawn one by one


def curve_picture(by_class: NDArray[np.float64], at: Curves) -> Figure:
    """by_class: 101 K, precision at each recall, at overlap 0.5; -1 of a class without boxes."""
    there = by_class[:, by_class[0] >= 0]
    with style():
        picture = figure(8.6, 3.6)
        left, right = picture.subplots(1, 2)
        if there.shape[1] <= MOST_LINES:
            left.plot(RECALLS, there, color=MUTED, linewidth=0.8)
        if there.shape[1]:
            left.plot(RECALLS, there.mean(1), color=BLUE, linewidth=2)
        left.set_xlabel(worded("detect.recall"))
        left.set_ylabel(worded("detect.precision"))
        for name, values, colour in (
            ("precision", at.precision, BLUE), ("recall", at.recall, ORANGE), ("f1", at.f1, GREEN)
        ):  # fmt: skip
            right.plot(CONFIDENCES, values, color=colour, label=worded(f"detect.{name}"))
        right.axvline(CONFIDENCES[at.best], color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
        right.set_xlabel(worded("detect.confidence"))
        right.legend()
        for axes in (left, right):
            axes.set_ylim(0, 1.02)
            axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    return picture

"""What ReLU loses: the spiral by width, and the activations of a network, layer by layer."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lissom.report.canvas import BLUE, GREEN, MUTED, ORANGE, bare, figure, style
from lissom.report.lettering import phrase, word


class Panel(NamedTuple):
    """One picture of the spiral: its width (0: before ReLU), the points, the mean error as a share."""

    width: int
    points: np.ndarray  # P 2
    error: float


def spirals(panels: Sequence[Panel]) -> Figure:
    """Side by side, one scale; the colour runs along the spiral."""
    with style():
        picture = figure(1.75 * len(panels), 2.4)
        for axes, panel in zip(picture.subplots(1, len(panels)), panels, strict=True):
            bare(axes)
            axes.scatter(*panel.points.T, c=np.arange(len(panel.points)), cmap="viridis", s=3, linewidths=0)
            axes.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4), aspect="equal")
            error = word("inspect_error", error=f"{100 * panel.error:.1f}")
            words = phrase("n = {width}\n{error}", width=panel.width, error=error)
            axes.set_title(words if panel.width else word("inspect_input"), fontsize=9, loc="center")
    return picture


def activation_losses(rows: Sequence[Mapping[str, Any]], *, independent: float) -> Figure:
    """Rows of `layer`, `channels`, `zero_share`, `silent`, `lost` (shares; None: a gap) in the network's order.

    independent: what channels that have nothing in common lose, drawn as a line.
    """
    with style():
        picture = figure(8.4, 3.9)
        by_layer, by_width = picture.subplots(1, 2, gridspec_kw={"width_ratios": (1.6, 1)}, sharey=True)
        _by_layer(by_layer, rows)
        measured = [row for row in rows if row["lost"] is not None]
        by_width.scatter(
            [row["channels"] for row in measured], [100 * row["lost"] for row in measured], color=BLUE, s=28
        )
        by_width.set_xscale("log", base=2)
        by_width.xaxis.set_major_formatter("{x:.0f}")
        by_width.set_xlabel(word("inspect_width"))
        by_width.set_title(word("inspect_lost"))
        for axes in (by_layer, by_width):
            axes.axhline(100 * independent, color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
        by_layer.set_ylim(-3, 103)
    return picture


def _by_layer(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    numbers = range(1, len(rows) + 1)
    colours = {"zero_share": GREEN, "silent": ORANGE, "lost": BLUE}
    for key, colour in colours.items():
        values = [float("nan") if row[key] is None else 100 * row[key] for row in rows]
        axes.plot(numbers, values, color=colour, marker="o", markersize=4, linewidth=1.3, label=word(f"inspect_{key}"))
    axes.set_xlabel(word("inspect_place"))
    axes.set_ylabel("%")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=3, fontsize=8, columnspacing=1.2)

"""Networks by published accuracy against what they cost: MACs, and latency where it was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from lissom.report.canvas import BLUE, MUTED, ORANGE, figure, settle, style
from lissom.report.lettering import label, word
from lissom.report.pareto import pareto_front
from lissom.report.placing import place_labels
from lissom.report.tables import short

Row = Mapping[str, Any]


def scatter(rows: Sequence[Row]) -> Figure:
    """rows: `network`, `top1` (percent), `macs`, and `latency_ms` or None. The Pareto front is drawn in each panel."""
    panels = [("macs", "MACs", short)]
    if all(row.get("latency_ms") for row in rows):
        panels.append(("latency_ms", word("latency_axis"), "{:.3g}".format))
    with style():
        picture = figure(1.2 + 5.2 * len(panels), 4.6)
        all_axes = picture.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (cost, title, show) in zip(all_axes, panels, strict=True):
            _panel(axes, rows, cost, title, show)
        all_axes[0].set_ylabel(word("top1_axis"))
        all_axes[0].legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), borderaxespad=0.2)
        settle(picture)
        for axes, (cost, *_) in zip(all_axes, panels, strict=True):
            place_labels(axes, [(row[cost], row["top1"], label(row["network"])) for row in rows], size=8)
    return picture


def _panel(axes: Axes, rows: Sequence[Row], cost: str, title: str, show: Any) -> None:
    costs, gains = [row[cost] for row in rows], [row["top1"] for row in rows]
    room = max(1.6, (max(costs) / min(costs)) ** 0.2)  # beside the outermost points, for their labels
    axes.set_xscale("log")
    axes.set_xlim(min(costs) / room, max(costs) * room)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
    axes.xaxis.set_minor_locator(LogLocator(subs=()))
    margin = 0.12 * max(max(gains) - min(gains), 1.0)
    axes.set_ylim(min(gains) - margin, max(gains) + margin)
    axes.set_xlabel(title)
    front = pareto_front(rows, cost, "top1")
    steps = sorted((rows[i][cost], rows[i]["top1"]) for i in front)
    steps.append((axes.get_xlim()[1], steps[-1][1]))
    axes.plot(*zip(*steps, strict=True), color=ORANGE, drawstyle="steps-post", zorder=2, label=word("front"))
    for i, row in enumerate(rows):
        colour = BLUE if i in front else MUTED
        face = colour if i in front else axes.get_facecolor()
        axes.plot(row[cost], row["top1"], "o", markersize=7, markerfacecolor=face, markeredgecolor=colour, zorder=4)

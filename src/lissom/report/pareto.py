"""Which networks no other one beats, and a picture of accuracy against cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, PercentFormatter

from lissom.report.canvas import BLUE, MUTED, ORANGE, WASH, figure, settle, style
from lissom.report.lettering import label, word
from lissom.report.placing import place_labels
from lissom.report.tables import short
from lissom.stats.intervals import tied_with_best

Row = Mapping[str, Any]


def pareto_front(rows: Sequence[Row], cost: str = "macs", gain: str = "accuracy") -> set[int]:
    """Indices of the rows that no other beats, that is costs no more and gains no less, and differs in one of the two.

    Equal rows are ties: all of them are on the front, or none.
    """

    def beats(a: Row, b: Row) -> bool:
        as_good = a[cost] <= b[cost] and a[gain] >= b[gain]
        return as_good and (a[cost] < b[cost] or a[gain] > b[gain])

    return {i for i, row in enumerate(rows) if not any(beats(other, row) for other in rows)}


def marked(rows: Sequence[Row], cost: str = "macs", gain: str = "accuracy") -> list[dict[str, Any]]:
    """The rows with two marks more: `on_front`, and `tied`: its interval (low, high) overlaps that of the best."""
    front, tied = pareto_front(rows, cost, gain), tied_with_best(rows, gain=gain)
    return [{**row, "on_front": i in front, "tied": i in tied} for i, row in enumerate(rows)]


def pareto(
    rows: Sequence[Row],
    *,
    cost: str = "macs",
    gain: str = "accuracy",
    name: str = "network",
    cost_title: str = "MACs",
    title: str = "",
) -> Figure:
    """Accuracy with its 95 % interval (rows' low and high, fractions) against cost on a log axis, the front drawn.

    A band shows the best one's interval: whoever's interval reaches into it is tied with it.
    """
    rows = marked(rows, cost, gain)
    with style():
        picture = figure(7.6, 4.8)
        axes = picture.subplots()
        _axes(axes, rows, cost, gain, cost_title)
        _front(axes, rows, cost, gain)
        for row in rows:
            _point(axes, row, cost, gain)
        if title:
            axes.set_title(label(title, longest=80), pad=28)
        settle(picture)  # settles the layout, so that labels can be measured
        place_labels(axes, [(row[cost], row[gain], label(row[name])) for row in rows])
    return picture


def _axes(axes: Axes, rows: list[dict[str, Any]], cost: str, gain: str, cost_title: str) -> None:
    costs = [row[cost] for row in rows]
    room = max(2.0, (max(costs) / min(costs)) ** 0.18)  # beside the outermost points, for their labels
    axes.set_xscale("log")
    axes.set_xlim(min(costs) / room, max(costs) * room)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.xaxis.set_minor_locator(LogLocator(subs=()))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))
    lowest, highest = min(row["low"] for row in rows), max(row["high"] for row in rows)
    margin = 0.08 * max(highest - lowest, 0.01)
    axes.set_ylim(lowest - margin, min(highest + margin, 1 + margin / 2))
    axes.set_xlabel(cost_title)
    axes.set_ylabel(word("accuracy_interval"))


def _front(axes: Axes, rows: list[dict[str, Any]], cost: str, gain: str) -> None:
    best = max(rows, key=lambda row: row[gain])
    axes.axhspan(best["low"], best["high"], color=WASH, zorder=0, label=word("tied_band"))
    front = sorted((row[cost], row[gain]) for row in rows if row["on_front"])
    right = axes.get_xlim()[1]
    steps = [*front, (right, front[-1][1])]  # what one gets for a cost: flat until the next network
    axes.plot(*zip(*steps, strict=True), color=ORANGE, drawstyle="steps-post", zorder=2, label=word("front"))
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, borderaxespad=0.2)


def _point(axes: Axes, row: dict[str, Any], cost: str, gain: str) -> None:
    colour = BLUE if row["on_front"] else MUTED
    x, y = row[cost], row[gain]
    axes.errorbar(x, y, [[y - row["low"]], [row["high"] - y]], color=colour, capsize=3, linewidth=1.2, zorder=3)
    face = colour if row["on_front"] else axes.get_facecolor()
    axes.plot(x, y, "o", markersize=7, markerfacecolor=face, markeredgecolor=colour, zorder=4)

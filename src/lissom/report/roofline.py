"""The roofline: each layer's speed against the MACs that each byte serves, under what this machine can do.

After Williams, Waterman and Patterson, Communications of the ACM 52/4, 2009.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from lissom.report.canvas import INK, MUTED, figure, settle, style
from lissom.report.layers import COLOURS, family_word
from lissom.report.lettering import label, word
from lissom.report.placing import place_labels
from lissom.report.tables import percent, short

NAMED = 5  # layers, those that take the most time
Layer = Mapping[str, Any]


def roofline_picture(layers: Sequence[Layer], limits: Mapping[str, Any], *, network: str) -> Figure:
    """layers: rows, of which those that were timed are drawn. limits: the machine's, as plain data.

    A point's area is the layer's time; layers without MACs are a remark.
    """
    drawn = [one for one in layers if one.get("macs_per_second") and one["intensity"]]
    assert drawn, "no layer with MACs was timed"
    with style():
        picture = figure(8.4, 5.4)
        axes = picture.subplots()
        _roof(axes, drawn, limits)
        _points(axes, drawn)
        axes.set_xlabel(word("intensity_axis"))
        axes.set_ylabel(word("speed_axis"))
        axes.set_title(label(network, longest=80), pad=44)
        legend = axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=4, fontsize=8.5, borderaxespad=0.2)
        for handle in legend.legend_handles:
            if isinstance(handle, PathCollection):
                handle.set_sizes([36])  # area stands for time in the picture, for nothing here
        rest = sum(one.get("time_share", 0.0) for one in layers if one not in drawn)
        axes.text(
            0.99, 0.02, word("without_macs", share=percent(rest)), transform=axes.transAxes, ha="right", color=MUTED
        )
        settle(picture)
        longest = sorted(drawn, key=lambda one: -one["time_ms"])[:NAMED]
        names = [(one["intensity"], one["macs_per_second"], label(one["name"], longest=32)) for one in longest]
        place_labels(axes, names, size=8)
    return picture


def _roof(axes: Axes, drawn: Sequence[Layer], limits: Mapping[str, Any]) -> None:
    peak, near, far = limits["macs_per_second"], limits["bandwidths"][0][1], limits["memory_bandwidth"]
    low = 10 ** math.floor(math.log10(min(one["intensity"] for one in drawn) / 1.5))
    high = 3 * max(peak / far, *(one["intensity"] for one in drawn))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    slowest = min(one["macs_per_second"] for one in drawn)
    axes.set_ylim(slowest / 2, peak * 2.2)
    for speed, dashes, name in ((far, "-", "main_memory"), (near, (0, (4, 3)), "cache")):
        knee = peak / speed
        title = word(name, speed=f"{speed / 1e9:.3g}")
        axes.plot([low, knee], [low * speed, peak], color=INK, linestyle=dashes, linewidth=1.4, label=title, zorder=2)
    title = word("peak", speed=f"{peak / 1e9:.3g}")
    axes.plot([peak / near, high], [peak, peak], color=INK, linewidth=1.4, zorder=2)
    axes.text(high, peak * 1.1, title, ha="right", va="bottom", fontsize=9, color=INK)
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_major_formatter(plain)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def _points(axes: Axes, drawn: Sequence[Layer]) -> None:
    longest = max(one["time_ms"] for one in drawn)
    for name, colour in COLOURS.items():
        members = [one for one in drawn if one["family"] == name]
        if members:
            axes.scatter(
                [one["intensity"] for one in members],
                [one["macs_per_second"] for one in members],
                [18 + 260 * one["time_ms"] / longest for one in members],
                color=colour,
                alpha=0.75,
                linewidths=0,
                label=family_word(name),
                zorder=3,
            )

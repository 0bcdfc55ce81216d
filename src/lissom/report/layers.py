"""Cost per layer: stacked bars of MACs, bytes moved and, where measured, time, each family in its colour."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lissom.report.canvas import figure, style
from lissom.report.lettering import label, word
from lissom.report.tables import short

MOST_BARS = 40  # more cannot be distinguished
# Distinct by lightness as well as by hue, and kept on dark and light paper alike.
COLOURS = {
    "pointwise": "#3d7fc4",
    "conv": "#6b6fd6",
    "depthwise": "#e07b2a",
    "grouped": "#b05bb5",
    "linear": "#4aa06c",
    "matmul": "#2f8f9d",
    "norm": "#b9a13c",
    "activation": "#d1607a",
    "pool": "#8a8f98",
    "elementwise": "#b08968",
    "other": "#a9b0b8",
}
Layer = Mapping[str, Any]


def grouped(layers: Sequence[Layer], *, most: int = MOST_BARS) -> list[tuple[str, list[Layer]]]:
    """Layers by the module that holds them, in running order, as deep in the tree as `most` groups allow.

    A group's name is the dotted path of that module; layers of the network itself are each a group of their own.
    """
    deepest = max((layer["name"].count(".") + 1 for layer in layers), default=1)
    for depth in range(deepest, 0, -1):
        groups = _at_depth(layers, depth)
        if len(groups) <= most:
            return groups
    return _at_depth(layers, 1)


def _at_depth(layers: Sequence[Layer], depth: int) -> list[tuple[str, list[Layer]]]:
    groups: dict[str, list[Layer]] = {}
    for layer in layers:
        groups.setdefault(".".join(layer["name"].split(".")[:depth]), []).append(layer)
    return list(groups.items())


def layers_picture(layers: Sequence[Layer], *, network: str, title: str) -> Figure:
    """One panel for each cost. layers: rows with their `family`; network: what a layer without a name is called."""
    layers = [layer for layer in layers if layer["kind"] != "not run"]
    groups = grouped(layers)
    panels = [(word("macs_panel"), lambda one: one["macs"], short)]
    panels += [(word("bytes_panel"), lambda one: one["bytes_read"] + one["bytes_written"], short)]
    if any("time_ms" in layer for layer in layers):
        panels += [(word("time_panel"), lambda one: one.get("time_ms", 0.0), "{:.3g}".format)]
    present = [name for name in COLOURS if any(layer["family"] == name for layer in layers)]
    with style():
        picture = figure(9.2, 1.2 + 2.1 * len(panels))
        all_axes = picture.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (cost, value, show) in zip(all_axes, panels, strict=True):
            _stack(axes, groups, present, value)
            axes.set_title(cost, fontsize=10)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _, show=show: show(number) if number else "0"))
            axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
            axes.grid(axis="x", visible=False)
        names = [label(name or network, longest=24) for name, _ in groups]
        all_axes[-1].set_xticks(range(len(groups)), names, rotation=90, fontsize=8)
        all_axes[-1].set_xlim(-0.8, len(groups) - 0.2)
        handles, texts = all_axes[0].get_legend_handles_labels()
        picture.legend(handles, texts, loc="outside lower center", ncols=6, fontsize=9)
        picture.suptitle(label(title, longest=90), x=0.01, ha="left", fontsize=12)
    return picture


def _stack(axes: Axes, groups: Sequence[tuple[str, list[Layer]]], present: Sequence[str], value: Any) -> None:
    bottom = [0.0] * len(groups)
    for name in present:
        heights = [sum(value(layer) for layer in members if layer["family"] == name) for _, members in groups]
        axes.bar(range(len(groups)), heights, 0.82, bottom=bottom, color=COLOURS[name], label=family_word(name))
        bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
    axes.set_ylim(0, 1.1 * max(bottom) or 1)  # the highest bar stays clear of the frame


def family_word(name: str) -> str:
    """A family's name in the reader's language, in English where this machine has no Chinese font."""
    return word(f"family_{name}")

"""Attention per class, as SENet draws it: a panel for each layer, a line for each class, the mean gate by channel."""

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lissom.report.canvas import INK, figure, style
from lissom.report.lettering import class_labels, label, word

MOST_LAYERS = 12
MOST_CLASSES = 10
COLUMNS = 3


class Layer(NamedTuple):
    """One layer's gates: mean of each class (K) for each channel (C), 0 to 1; a class without images is NaN."""

    name: str
    per_class: np.ndarray


def gate_lines(layers: Sequence[Layer], class_names: Sequence[str]) -> Figure:
    """At most 12 layers and 10 classes, evenly spread over those that there are; the dark line is the mean of all.

    Channels stand in the order of that mean: by their numbers, neighbours have nothing to do with each other.
    """
    assert layers, "no layer to show"
    layers = [layers[place] for place in evenly(len(layers), MOST_LAYERS)]
    known = np.flatnonzero(~np.isnan(layers[0].per_class).any(1))
    chosen = known[evenly(len(known), MOST_CLASSES)]
    colours = matplotlib.colormaps["tab10"](np.arange(len(chosen)))
    names = class_labels([str(class_names[i]) for i in chosen])
    rows = -(-len(layers) // COLUMNS)
    with style():
        picture = figure(9.6, 1.9 * rows + 0.6)
        all_axes = list(picture.subplots(rows, COLUMNS, squeeze=False, sharey=True).flat)
        for axes in all_axes[len(layers) :]:
            axes.set_visible(False)
        for axes, layer in zip(all_axes, layers, strict=False):
            mean = layer.per_class[known].mean(0)
            order = np.argsort(mean, kind="stable")
            for i, colour, name in zip(chosen, colours, names, strict=True):
                axes.plot(layer.per_class[i][order], color=colour, linewidth=0.7, label=name)
            axes.plot(mean[order], color=INK, linewidth=1.3, label=word("inspect_mean"))
            _frame(axes, layer.name)
        handles, labels = all_axes[0].get_legend_handles_labels()
        picture.legend(handles, labels, loc="outside lower center", ncols=6, fontsize=8)
        picture.supylabel(word("inspect_gate"), fontsize=9)
    return picture


def _frame(axes: Axes, name: str) -> None:
    axes.set_title(label(name, longest=36), fontsize=8)
    axes.set_xlabel(word("inspect_channel"), fontsize=8)
    axes.tick_params(labelsize=8)
    axes.set_ylim(-0.03, 1.03)
    axes.margins(x=0.01)


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of the numbers below `count`, evenly spread, first and last among them."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()

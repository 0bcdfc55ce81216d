"""Depthwise kernels as a mosaic for each layer, the dead ones framed."""

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lissom.report.canvas import ORANGE, PAPER, bare, figure, style
from lissom.report.lettering import label, phrase, word

SHOWN = 48  # kernels of a layer, one line
COLUMNS = 48
SIDE = 15  # pixels of a kernel
FRAME = 3  # pixels around it


class Layer(NamedTuple):
    """The kernels of one layer and which are dead."""

    name: str
    kernels: np.ndarray  # C kh kw
    dead: np.ndarray  # C, bool


def kernel_sheet(layers: Sequence[Layer]) -> Figure:
    """A strip for each layer, strongest kernel first; of more than 48, as many evenly spread, so that shares hold."""
    assert layers, "no layer to show"
    rows = [-(-min(SHOWN, len(layer.kernels)) // COLUMNS) for layer in layers]
    with style():
        picture = figure(8.4, 0.9 + sum(0.18 * n + 0.27 for n in rows))
        all_axes = picture.subplots(len(layers), 1, squeeze=False, gridspec_kw={"height_ratios": rows})[:, 0]
        for axes, layer in zip(all_axes, layers, strict=True):
            bare(axes)
            axes.imshow(mosaic(layer.kernels, layer.dead), interpolation="nearest")
            axes.set_anchor("W")
            counts = {"dead": int(layer.dead.sum()), "channels": len(layer.dead)}
            title = phrase("{name}: {dead}", name=label(layer.name, longest=40), dead=word("inspect_dead", **counts))
            axes.set_title(title, fontsize=8, pad=2)
        picture.suptitle(word("inspect_kernels"), x=0.01, ha="left", fontsize=11)
    return picture


def mosaic(kernels: np.ndarray, dead: np.ndarray) -> np.ndarray:
    """Kernels `C kh kw` side by side as uint8 H W 3: violet below zero, orange above, white at zero; dead ones framed.

    One scale for the whole layer, its largest weight, so that a weak kernel is a white square.
    """
    order = np.argsort(-np.linalg.norm(kernels.reshape(len(kernels), -1), axis=1), kind="stable")
    order = order[np.linspace(0, len(order) - 1, min(SHOWN, len(order))).round().astype(int)]
    largest = max(float(np.abs(kernels).max()), 1e-12)
    colours = matplotlib.colormaps["PuOr_r"](0.5 + 0.5 * kernels[order] / largest)[..., :3]  # n kh kw 3
    cell = SIDE + 2 * FRAME
    rows = -(-len(order) // COLUMNS)
    canvas = np.full((rows * cell, COLUMNS * cell, 3), to_rgb(PAPER))
    for place, (tile, is_dead) in enumerate(zip(colours, dead[order], strict=True)):
        top, left = cell * (place // COLUMNS), cell * (place % COLUMNS)
        if is_dead:
            canvas[top : top + cell, left : left + cell] = to_rgb(ORANGE)
        canvas[top + FRAME : top + FRAME + SIDE, left + FRAME : left + FRAME + SIDE] = _enlarged(tile)
    return (canvas * 255).round().astype(np.uint8)


def _enlarged(tile: np.ndarray) -> np.ndarray:
    """Each of kh kw pixels repeated to fill the square: `kh kw 3 -> SIDE SIDE 3`."""
    rows = np.arange(SIDE) * tile.shape[0] // SIDE
    columns = np.arange(SIDE) * tile.shape[1] // SIDE
    return tile[rows][:, columns]

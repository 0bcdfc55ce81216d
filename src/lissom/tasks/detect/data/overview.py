"""A picture of a data set: some pictures with their boxes, boxes by class, and where and how large they are."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from lissom.atomic import write_atomic
from lissom.data.files import Pixels
from lissom.errors import DataError
from lissom.report.canvas import BLUE, MUTED, ORANGE, bare, figure, style, to_png
from lissom.report.lettering import class_labels, label, worded
from lissom.tasks.detect.data.opening import Opened

Floats = NDArray[np.float64]
SHOWN, COLUMNS = 12, 4  # pictures
SIDE = 360  # pixels of a shown one's longer side
MOST_CLASSES, MOST_POINTS, MOST_BOXES = 20, 5000, 60
CELLS = 24  # of the map of centres, on each side
LOST = 3  # pixels of a side, below which a box is hardly seen


def draw_overview(opened: Opened, boxes: Floats, path: Path, *, resolution: int, first: Sequence[int]) -> None:
    """Writes a PNG. boxes: M 4 at the training size `resolution`; first: pictures that are shown before others.

    Raises: MachineError where `path` cannot be written.
    """
    shown = _shown(opened, first)
    rows = -(-len(shown) // COLUMNS)
    with style():
        picture = figure(11, 2.5 * rows + 3.6)
        grid = picture.add_gridspec(rows + 1, 12, height_ratios=[*([2.4] * rows), 3.2])
        for place, (index, pixels) in enumerate(shown):
            row, column = divmod(place, COLUMNS)
            _picture(picture.add_subplot(grid[row, 3 * column : 3 * column + 3]), opened, index, pixels)
        _classes(picture.add_subplot(grid[rows, :4]), opened)
        _sizes(picture.add_subplot(grid[rows, 4:8]), boxes, resolution)
        _centres(picture.add_subplot(grid[rows, 8:]), opened)
    write_atomic(path, to_png(picture, dpi=110), parents=True)


def _shown(opened: Opened, first: Sequence[int]) -> list[tuple[int, Pixels]]:
    """Pictures evenly spaced over those with boxes, then over all, that can be read."""
    counts = np.diff(opened.pictures.starts)
    order = [*list(first)[: SHOWN // 2], *_evenly(np.flatnonzero(counts)), *_evenly(np.flatnonzero(counts == 0))]
    shown: list[tuple[int, Pixels]] = []
    for index in dict.fromkeys(map(int, order)):
        if len(shown) < SHOWN:
            try:
                shown.append((index, opened.pictures.pixels(index)))
            except DataError:  # it is in the report
                continue
    return shown


def _evenly(indices: NDArray[np.int64]) -> list[int]:
    if not len(indices):
        return []
    return indices[np.unique(np.linspace(0, len(indices) - 1, SHOWN).astype(int))].tolist()


def _picture(axes: Axes, opened: Opened, index: int, pixels: Pixels) -> None:
    """One picture with its boxes, a crowd's dashed, and their classes."""
    bare(axes)
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    size = (max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1))
    axes.imshow(np.asarray(Image.fromarray(pixels).resize(size)))
    labels, names = opened.pictures.labels(index), class_labels(opened.raw.class_names)
    for box, number, crowd in list(zip(labels.boxes * scale, labels.classes, labels.crowd, strict=True))[:MOST_BOXES]:
        left, top, right, bottom = box.tolist()
        line = "--" if crowd else "-"
        outline = Rectangle((left, top), right - left, bottom - top, fill=False, ec=ORANGE, lw=1.1, ls=line)
        axes.add_patch(outline)
        ground = {"facecolor": ORANGE, "edgecolor": "none", "pad": 0.6}
        words = names[number] if len(labels.classes) <= SHOWN else ""
        if words:
            axes.text(left, top, words, fontsize=6, color="white", va="bottom", bbox=ground, clip_on=True)
    axes.set_title(label(Path(opened.pictures.names[index]).name, longest=30), fontsize=7, loc="center")


def _classes(axes: Axes, opened: Opened) -> None:
    """Bars of the most frequent classes."""
    counts = np.bincount(opened.pictures.classes, minlength=len(opened.raw.class_names))
    order = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
    names = class_labels(opened.raw.class_names)
    axes.barh(range(len(order)), counts[order], color=BLUE, height=0.75)
    axes.set_yticks(range(len(order)), [names[number] for number in order], fontsize=7)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_title(worded("boxes.picture-classes"), fontsize=9)


def _sizes(axes: Axes, boxes: Floats, resolution: int) -> None:
    """Width against height of the boxes, and the sides below which they are lost."""
    sides = (boxes[:, 2:] - boxes[:, :2])[:: max(1, len(boxes) // MOST_POINTS)].clip(0.5)
    axes.scatter(*sides.T, s=5, color=BLUE, alpha=0.35, linewidths=0)
    axes.set(xscale="log", yscale="log", xlim=(1, resolution * 1.1), ylim=(1, resolution * 1.1), aspect="equal")
    axes.axvline(LOST, color=ORANGE, lw=1, ls="--")
    axes.axhline(LOST, color=ORANGE, lw=1, ls="--")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_title(worded("boxes.picture-sizes", size=resolution), fontsize=9)


def _centres(axes: Axes, opened: Opened) -> None:
    """How many centres lie where in the pictures."""
    pictures = opened.pictures
    sizes = np.repeat(pictures.sizes, np.diff(pictures.starts), axis=0).clip(1)
    centres = (pictures.boxes[:, :2] + pictures.boxes[:, 2:]) / 2 / sizes
    counts, _, _ = np.histogram2d(centres[:, 1], centres[:, 0], bins=CELLS, range=((0, 1), (0, 1)))
    axes.imshow(counts, cmap="Blues", extent=(0, 1, 1, 0), interpolation="nearest")
    axes.grid(visible=False)
    axes.set(xticks=(), yticks=())
    for side in axes.spines.values():
        side.set(visible=True, color=MUTED)
    axes.set_title(worded("boxes.picture-centres"), fontsize=9)

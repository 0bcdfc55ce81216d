"""A scene in one picture: false colour, ground truth, what was predicted, where it is wrong and how sure it is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from lissom.report.canvas import MUTED, bare, figure, style
from lissom.report.lettering import label, letters, phrase
from lissom.tasks.scene.pictures.colours import Colour
from lissom.tasks.scene.pictures.maps import CONFIDENCE, UNCERTAINTY

WIDEST, BAR = 9.5, 0.9  # inches of the whole picture, and of what a colour bar takes of it
LONGEST_NAME = 28


def overview(
    panels: Sequence[tuple[str, NDArray[np.uint8]]],
    *,
    names: Sequence[str],
    colours: Sequence[Colour],
    counts: Sequence[int],
    confidence: str = "",
    uncertainty: str = "",
    title: str = "",
) -> Figure:
    """`panels`: titles and pictures `H W 3` of one size, side by side in as many rows as they need; then the legend.

    counts: labelled pixels of each class. confidence: the title of its colour bar, from 0 to 1; empty: none.
    uncertainty: the same for a map of uncertainty.
    """
    height, width = panels[0][1].shape[:2]
    columns = _columns(len(panels), width / height)
    rows = -(-len(panels) // columns)
    wide = (WIDEST - BAR * bool(confidence or uncertainty)) / columns
    tall = float(np.clip(wide * height / width, 1.0, 8.0)) + 0.38
    entries = [_entry(name, colour, count) for name, colour, count in zip(names, colours, counts, strict=True)]
    across = max(1, int(WIDEST / (0.6 + 0.1 * max(letters(str(patch.get_label())) for patch in entries))))
    with style():
        picture = figure(WIDEST, rows * tall + 0.3 + 0.28 * -(-len(entries) // across))
        grid = picture.subplots(rows, columns, squeeze=False).ravel()
        for axes, panel in zip(grid, panels, strict=False):
            axes.imshow(panel[1], interpolation="nearest")
            axes.set_title(label(panel[0], longest=60), fontsize=10.5)
            bare(axes)
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        for wanted, scale in ((confidence, CONFIDENCE), (uncertainty, UNCERTAINTY)):
            if wanted:
                _bar(picture, list(grid), wanted, scale)
        picture.legend(handles=entries, loc="outside lower center", ncols=across, fontsize=11, handlelength=1.1)
        if title:
            picture.suptitle(label(title, longest=90), x=0.01, ha="left")
    return picture


def _columns(panels: int, shape: float) -> int:
    """As many beside each other as keeps the picture from being a ribbon: one or two for wide scenes."""
    if shape > 3:
        return 1
    return min(panels, 2 if shape > 1.6 else 3)


def _entry(name: str, colour: Colour, count: int) -> Patch:
    red, green, blue = (part / 255 for part in colour)
    words = phrase("{name}  {count:,}", name=label(name, longest=LONGEST_NAME), count=count)
    return Patch(facecolor=(red, green, blue), edgecolor=MUTED, linewidth=0.5, label=words)


def _bar(picture: Figure, axes: list[Any], title: str, scale: str) -> None:
    shades = ScalarMappable(Normalize(0, 1), colormaps[scale])
    bar = picture.colorbar(shades, ax=axes, shrink=0.5, aspect=30, pad=0.01)
    bar.set_label(title, fontsize=10)
    bar.outline.set_visible(False)  # type: ignore[union-attr]

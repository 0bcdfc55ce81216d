"""Feature maps that are alike, side by side, and how many there are in each block."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from lissom.report.canvas import BLUE, MUTED, ORANGE, WASH, bare, figure, style
from lissom.report.lettering import label, phrase, word
from lissom.report.sheet import as_rgb


class Alike(NamedTuple):
    """Two channels and the cosine between their maps."""

    first: int
    second: int
    cosine: float


def twin_maps(image: np.ndarray, maps: np.ndarray, pairs: Sequence[Alike]) -> Figure:
    """The image (uint8 H W C) once, then a column for each pair of `maps` (C h w), each map in its own range."""
    with style():
        picture = figure(1.35 * (len(pairs) + 1), 3.0)
        axes = picture.subplots(2, len(pairs) + 1, squeeze=False)
        for each in axes.flat:
            bare(each)
        axes[0, 0].imshow(as_rgb(image), interpolation="nearest")
        axes[0, 0].set_title(word("inspect_image"), fontsize=9, loc="center")
        for column, pair in enumerate(pairs, 1):
            for row, channel in enumerate((pair.first, pair.second)):
                axes[row, column].imshow(maps[channel], cmap="magma", interpolation="nearest")
            axes[0, column].set_title(f"{pair.first}, {pair.second}\n{pair.cosine:.3f}", fontsize=9, loc="center")
    return picture


def twin_shares(rows: Sequence[Mapping[str, Any]], *, alike: float) -> Figure:
    """Rows of `block`, `channels`, `twinned` (a share), `largest_cosine`: a bar and a dot for each block."""
    with style():
        picture = figure(7.2, 0.9 + 0.27 * len(rows))
        axes = picture.subplots()
        bars = range(len(rows))
        axes.barh(bars, [100] * len(rows), color=WASH, height=0.7)
        axes.barh(bars, [100 * row["twinned"] for row in rows], color=BLUE, height=0.7)
        axes.plot([100 * max(0, row["largest_cosine"]) for row in rows], bars, "o", color=ORANGE, markersize=5)
        axes.axvline(100 * alike, color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
        axes.set_yticks(
            bars, [phrase("{name} ({n})", name=label(row["block"]), n=row["channels"]) for row in rows], fontsize=8
        )
        axes.invert_yaxis()
        axes.set_xlim(0, 103)  # the bars stay clear of the frame
        axes.set_xlabel(word("inspect_twinned"))
        axes.grid(axis="y", visible=False)
    return picture

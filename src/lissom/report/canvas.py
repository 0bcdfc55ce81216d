"""One look for every picture: colours, fonts, and deterministic PNG and SVG.

Figures are made without pyplot, so a program that plots for itself keeps its own state.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lissom.report.lettering import drawable, families, latin, shown_as, stand_ins

# The page gives each of these a dark counterpart, so no other colour may stand for text, lines or paper.
INK, MUTED, RULE, PAPER = "#1d2730", "#66717d", "#dfe4e9", "#fefefe"
BLUE, ORANGE, GREEN, WASH = "#2464a6", "#cf6a1d", "#3b8a5a", "#eaf1f8"

_RC_LOCK = threading.RLock()  # matplotlib's settings are one dictionary for all threads


class Rendered(NamedTuple):
    """A picture as bytes."""

    png: bytes
    svg: bytes


@contextmanager
def style() -> Iterator[None]:
    """The look, for figures made inside; matplotlib's own settings are back afterwards."""
    settings: Any = {
        "font.family": [*families(), "sans-serif"],
        "font.size": 10,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.facecolor": PAPER,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "grid.color": RULE,
        "grid.linewidth": 0.8,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        "svg.hashsalt": "lissom",  # the same picture is the same file
        "svg.fonttype": "none",  # text stays text: any script, and it can be searched and copied
        "path.simplify": True,
    }
    with _RC_LOCK, matplotlib.rc_context(settings):
        yield


def figure(width: float, height: float) -> Figure:
    """An empty figure, `width` x `height` in inches, that keeps its labels clear of each other."""
    return Figure(figsize=(width, height), layout="constrained")


def bare(axes: Axes) -> None:
    """No ticks, grid or frame: for images."""
    axes.set_axis_off()
    axes.grid(False)


def to_png(picture: Figure, *, dpi: int = 144) -> bytes:
    """A figure's pixels, in Latin letters where the fonts lack a character; the same figure gives the same bytes."""
    with shown_as(picture, latin):
        return _saved(picture, format="png", dpi=dpi, metadata={"Software": None})


def to_svg(picture: Figure) -> bytes:
    """A figure's drawing, its text as text in any script; the same figure gives the same bytes."""
    there = stand_ins(picture)
    with shown_as(picture, lambda string: swapped if drawable(swapped := string.translate(there)) else latin(string)):
        drawn = _saved(picture, format="svg", dpi=144, metadata={"Date": None, "Creator": None})
    return drawn.decode().translate({other: code for code, other in there.items()}).encode()


def settle(picture: Figure) -> None:
    """Lays a figure out, so that what stands in it can be measured."""
    with style(), shown_as(picture, latin):
        picture.draw_without_rendering()


def render(picture: Figure, *, dpi: int = 144) -> Rendered:
    """PNG and SVG of a figure."""
    return Rendered(to_png(picture, dpi=dpi), to_svg(picture))


def _saved(picture: Figure, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with style():
        picture.savefig(buffer, bbox_inches="tight", pad_inches=0.08, **options)  # no label is cut off
    return buffer.getvalue()

"""One look for every picture: colours, fonts that can draw the text, and deterministic PNG and SVG.

Figures are made without pyplot, so a program that plots for itself keeps its own state.
"""

import io
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lissom.messages import catalogue, text

# The page gives each of these a dark counterpart, so no other colour may stand for text, lines or paper.
INK, MUTED, RULE, PAPER = "#1d2730", "#66717d", "#dfe4e9", "#fefefe"
BLUE, ORANGE, GREEN, WASH = "#2464a6", "#cf6a1d", "#3b8a5a", "#eaf1f8"

LATIN = "DejaVu Sans"  # comes with matplotlib
CJK = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Heiti SC",
    "Arial Unicode MS",
    "Droid Sans Fallback",
)

_RC_LOCK = threading.RLock()  # matplotlib's settings are one dictionary for all threads


class Rendered(NamedTuple):
    """A picture as bytes."""

    png: bytes
    svg: bytes


@contextmanager
def style() -> Iterator[None]:
    """The look, for figures made inside; matplotlib's own settings are back afterwards."""
    settings: Any = {
        "font.family": list(families()),
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
        "svg.fonttype": "path",  # looks alike where the font is missing
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
    """A figure's pixels; the same figure gives the same bytes."""
    return _saved(picture, format="png", dpi=dpi, metadata={"Software": None})


def to_svg(picture: Figure) -> bytes:
    """A figure's drawing; the same figure gives the same bytes."""
    return _saved(picture, format="svg", metadata={"Date": None, "Creator": None})


def render(picture: Figure, *, dpi: int = 144) -> Rendered:
    """PNG and SVG of a figure."""
    return Rendered(to_png(picture, dpi=dpi), to_svg(picture))


def _saved(picture: Figure, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with style():
        picture.savefig(buffer, bbox_inches="tight", pad_inches=0.08, **options)  # no label is cut off
    return buffer.getvalue()


@cache
def families() -> tuple[str, ...]:
    """Font families to draw with: the one that comes with matplotlib, then the first Chinese one on this machine."""
    there = {font.name for font in font_manager.fontManager.ttflist}
    return (LATIN, *[name for name in CJK if name in there][:1])


@cache
def _codepoints(family: str) -> frozenset[int]:
    path = font_manager.findfont(font_manager.FontProperties(family=[family]))
    return frozenset(font_manager.get_font(path).get_charmap())


def drawable(string: str) -> bool:
    """Whether this machine's fonts have every character of `string`."""
    return all(any(ord(char) in _codepoints(family) for family in families()) for char in string)


def label(string: object, *, longest: int = 28) -> str:
    """`string` as safe text for a picture: one line, no formula, nothing that the fonts lack, cut to `longest`."""
    line = re.sub(r"\s+", " ", str(string)).strip()
    line = "".join(char if drawable(char) else "□" for char in line)
    line = line if len(line) <= longest else line[: longest - 1] + "…"
    return line.replace("$", r"\$")


def class_labels(names: Iterable[str], *, longest: int = 16) -> list[str]:
    """Class names for a picture, or their numbers when this machine has no font for one of the names."""
    names = [re.sub(r"\s+", " ", name) for name in names]
    if not all(drawable(name) for name in names):
        return [str(i) for i in range(len(names))]
    cut = [label(name, longest=longest) for name in names]
    if len(set(cut)) < len(set(names)):  # Lettuce_romaine_4wk and _5wk, cut to the same
        return [label(name, longest=2 * longest) for name in names]
    return cut


def word(key: str, **values: Any) -> str:
    """The text `report.key` in the reader's language, in English where this machine has no Chinese font."""
    here = text(f"report.{key}", **values)
    return here if drawable(here) else catalogue("en")[f"report.{key}"].format(**values)

"""Text in pictures: as it is in an SVG, which the reader's fonts draw; in a PNG what this machine's fonts can draw.

A figure holds its text in any script. `shown_as` replaces it for the time of one saving: a `Wording` by its Latin form
for pixels, and each character that the fonts lack by a stand-in of the same width for an SVG, where it is put back.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Self

from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from lissom.messages import SENTENCES, catalogue, text
from lissom.plain import visible

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
EM = (0.9, 1.1)  # widths in em of what may stand for a Chinese character


class Wording(str):
    """Text, and what stands for it where no font has its characters."""

    latin: str

    def __new__(cls, here: str, latin: str) -> Self:
        made = super().__new__(cls, here)
        made.latin = latin
        return made

    def __str__(self) -> str:  # matplotlib asks for str(...) and keeps what it gets
        return self


def families() -> tuple[str, ...]:
    """Font families to draw with: the one that comes with matplotlib, then the first Chinese one on this machine."""
    there = {font.name for font in font_manager.fontManager.ttflist}
    return (LATIN, *[name for name in CJK if name in there][:1])


@cache
def _codepoints(names: tuple[str, ...]) -> frozenset[int]:
    paths = [font_manager.findfont(font_manager.FontProperties(family=[name])) for name in names]
    return frozenset(code for path in paths for code in font_manager.get_font(path).get_charmap())


def drawable(string: str) -> bool:
    """Whether this machine's fonts have every character of `string`."""
    if string.isascii():
        return True
    known = _codepoints(families())
    return all(char == "\n" or ord(char) in known for char in string)


def latin(string: str) -> str:
    """`string` in characters that this machine's fonts have: itself, its Latin form, or `?` for each that they lack."""
    if drawable(string):
        return string
    other = string.latin if isinstance(string, Wording) else ""
    return other or "".join(char if drawable(char) else "?" for char in string)


def phrase(template: str, **parts: object) -> str:
    """`template` with its {named} parts, each of which may be a `Wording`."""
    plain = {name: latin(part) if isinstance(part, str) else part for name, part in parts.items()}
    return Wording(template.format(**parts), template.format(**plain))


def label(string: object, *, longest: int = 28) -> str:
    """`string` as safe text for a picture: one line, no formula, cut to `longest` (a Chinese character counts two)."""
    if isinstance(string, Wording):
        return Wording(_safe(string, longest), _safe(string.latin, longest))
    return _safe(str(string), longest)


def _safe(string: str, longest: int) -> str:
    line = visible(re.sub(r"\s+", " ", string).strip())
    if letters(line) > longest:
        while letters(line) > longest - 1:
            line = line[:-1]
        line += "…"
    return line.replace("$", r"\$")


def letters(string: str) -> int:
    """In Latin letters."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in string)


def class_labels(names: Iterable[str], *, longest: int = 16) -> list[str]:
    """Class names for a picture; their numbers stand for them in a PNG when the fonts lack one of the names."""
    names = [visible(re.sub(r"\s+", " ", name)) if type(name) is str else name for name in names]
    cut = [label(name, longest=longest) for name in names]
    if len(set(cut)) < len(set(names)):  # Lettuce_romaine_4wk and _5wk, cut to the same
        cut = [label(name, longest=2 * longest) for name in names]
    if all(drawable(name) or isinstance(name, Wording) for name in names):
        return cut
    return [Wording(name, str(place)) for place, name in enumerate(cut)]


def numbered(names: Sequence[str]) -> str:
    """Which number stands for which class in a PNG, as `0 = ..., 1 = ...`; empty where the names can be drawn."""
    if all(map(drawable, names)):
        return ""
    pairs = zip(class_labels(names), names, strict=True)
    return ", ".join(f"{latin(label)} = {name}" for label, name in pairs if not drawable(name))


def word(key: str, **values: Any) -> str:
    """The text `report.key` in the reader's language, and its English form for a PNG."""
    return worded(f"report.{key}", **values)


def worded(key: str, **values: Any) -> str:
    """The text called `table.key` in the reader's language, and its English form for a PNG."""
    plain = {name: latin(value) if isinstance(value, str) else value for name, value in values.items()}
    return Wording(text(key, **values), SENTENCES.format(catalogue("en")[key], **plain))


@contextmanager
def shown_as(picture: Figure, show: Callable[[str], str]) -> Iterator[None]:
    """Every text of a figure that the fonts cannot draw as `show` gives it, and afterwards as it was."""
    undo: list[Callable[[], Any]] = []
    for axes in filter(lambda axes: axes.axison, picture.axes):
        for axis in (axes.xaxis, axes.yaxis):  # their texts are written anew at each drawing
            before = [tick.get_text() for tick in axis.get_ticklabels()]
            if not all(map(drawable, before)):
                axis.set_ticklabels([show(each) for each in before])
                undo.append(lambda axis=axis, before=before: axis.set_ticklabels(before))
    for each in _texts(picture):
        if not drawable(before := each.get_text()):
            each.set_text(show(before))
            undo.append(lambda each=each, before=before: each.set_text(before))
    try:
        yield
    finally:
        for put_back in undo:
            put_back()


def _texts(artist: Artist) -> Iterator[Text]:
    """In it, but for the ticks of axes that are off: they are never drawn, and asking for one makes it, 5 ms each."""
    if isinstance(artist, Text):
        yield artist
    if not (isinstance(artist, Axis) and artist.axes and not artist.axes.axison):
        for child in artist.get_children():
            yield from _texts(child)


def stand_ins(picture: Figure) -> Mapping[int, int]:
    """For each character that the fonts lack another one of its width, which stands nowhere in the picture."""
    letters = {char for each in _texts(picture) for char in each.get_text()}
    lacking = sorted(ord(char) for char in letters if not drawable(char))
    return dict(zip(lacking, (code for code in _as_wide_as_high() if chr(code) not in letters), strict=False))


@cache
def _as_wide_as_high() -> tuple[int, ...]:
    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties(family=[LATIN])))
    font.set_size(100, 72)
    return tuple(
        code
        for code in font.get_charmap()
        if code > 0x180
        and unicodedata.category(chr(code)) in ("Lu", "Ll", "Lo", "So", "Sm")
        and unicodedata.bidirectional(chr(code)) in ("L", "ON")
        and EM[0] <= font.load_char(code).linearHoriAdvance / 65536 / 100 <= EM[1]
    )

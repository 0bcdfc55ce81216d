"""A contact sheet: a row for each class, its name and a few of its images. Drawn by Pillow alone."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lissom.atomic import writing
from lissom.data.files import Pixels
from lissom.data.pixels import read_pixels
from lissom.report.lettering import drawable, families
from lissom.tasks.classify.data.sources import Source

CELL, GAP, NAME_WIDTH = 72, 4, 150  # pixels
SHOWN = 10  # images of a class
MOST_CLASSES = 200
INK, PAPER = "#1d2730", "#fefefe"


def draw_sheet(source: Source, path: Path, *, usable: NDArray[np.bool_]) -> None:
    """Writes a PNG with up to 10 `usable` images of each class, evenly spaced over it.

    Raises: MachineError where `path` cannot be written.
    """
    names = source.class_names[:MOST_CLASSES]
    sheet = Image.new("RGB", (NAME_WIDTH + SHOWN * (CELL + GAP) + GAP, len(names) * (CELL + GAP) + GAP), PAPER)
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(names):
        top = GAP + row * (CELL + GAP)
        _write(pen, name if drawable(name) else str(row), (GAP * 2, top + CELL / 2))
        members = np.flatnonzero((source.labels == row) & usable)
        for column, member in enumerate(_evenly(members)):
            cell = _cell(read_pixels(source, int(member)))
            sheet.paste(cell, (NAME_WIDTH + column * (CELL + GAP) + (CELL - cell.width) // 2, top))
    with writing(path, parents=True) as file:
        sheet.save(file, "PNG")


def _evenly(members: NDArray[np.int64]) -> NDArray[np.int64]:
    if not len(members):
        return members
    return members[np.unique(np.linspace(0, len(members) - 1, SHOWN).astype(int))]


def _cell(pixels: Pixels) -> Image.Image:
    """The image within a cell; small ones are enlarged without smoothing, to show what is there."""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
    scale = CELL / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS)


def _write(pen: ImageDraw.ImageDraw, name: str, position: tuple[float, float]) -> None:
    """A class name at its left middle, cut where it would run into the images."""
    font = _font(name.isascii())
    while len(name) > 1 and pen.textlength(name, font) > NAME_WIDTH - 3 * GAP:
        name = name[:-2] + "…"
    pen.text(position, name, fill=INK, font=font, anchor="lm")


@cache
def _font(latin: bool) -> ImageFont.FreeTypeFont:
    """A font that can draw the name: matplotlib's own, or for other scripts the last family of the house's look."""
    from matplotlib.font_manager import findfont

    family = families()[0 if latin else -1]
    return ImageFont.truetype(findfont(family), 13)

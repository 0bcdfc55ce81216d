"""A scene as people see it: false colour, the map in its classes' colours, and a sheet of both with a legend."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lissom.atomic import writing
from lissom.report.lettering import drawable, families, latin, worded
from lissom.tasks.scene.data.known import recognise
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.pictures.maps import Pixels, class_map, colour_bands, false_colour

LEAST_SIDE, MOST_SIDE = 320, 1600  # pixels of a drawn map's longer side
GAP, LINE, LEGEND_WIDTH, MOST_CLASSES = 12, 20, 300, 60
INK, PAPER = "#1d2730", "#fefefe"


def shown_bands(scene: Scene) -> tuple[int, int, int]:
    """Places of the bands for red, green and blue; a known scene's wavelengths count where its file names none."""
    nm = scene.wavelengths_nm
    if nm is None and (known := recognise(scene.cube.shape)):
        nm = known.approximate_wavelengths_nm(scene.bands)
    return colour_bands(scene.bands, nm, scene.good_bands)


def draw_scene(scene: Scene, path: Path) -> None:
    """Writes a PNG: false colour, and beside it the ground truth with its classes and their pixels, where there is one.

    Raises: MachineError where `path` cannot be written.
    """
    step = -(-max(scene.height, scene.width) // MOST_SIDE)
    near = np.s_[::step, ::step]
    pictures = [(_colour_title(scene), false_colour(scene.cube[near], shown_bands(scene), scene.valid[near]))]
    if scene.ground_truth is not None:
        pictures.append((_word("picture-map"), class_map(scene.labels[near], scene.colours)))
    sheet = _sheet(pictures, scene)
    with writing(path, parents=True) as file:
        sheet.save(file, "PNG")


def _colour_title(scene: Scene) -> str:
    bands = shown_bands(scene)
    if scene.wavelengths_nm is None:
        return _word("picture-colour", bands=", ".join(str(band + 1) for band in bands))
    return _word("picture-colour-nm", wavelengths=", ".join(f"{scene.wavelengths_nm[band]:.0f}" for band in bands))


def _word(key: str, **values: str) -> str:
    return latin(worded(f"scenes.{key}", **values))


def _sheet(pictures: list[tuple[str, Pixels]], scene: Scene) -> Image.Image:
    """Pictures side by side, small ones enlarged by whole numbers so that pixels stay squares; the legend last."""
    height, width = pictures[0][1].shape[:2]
    scale = max(1, LEAST_SIDE // max(height, width))
    wide, high = max(width * scale, LINE * 8), height * scale
    labelled = len(pictures) > 1
    rows = min(len(scene.class_ids), MOST_CLASSES) if labelled else 0
    size = (GAP + len(pictures) * (wide + GAP) + labelled * LEGEND_WIDTH, LINE + 2 * GAP + max(high, rows * LINE))
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    for place, (title, pixels) in enumerate(pictures):
        left = GAP + place * (wide + GAP)
        _write(pen, title, (left, GAP + LINE / 2 - 4), wide)
        image = Image.fromarray(pixels).resize((width * scale, high), Image.Resampling.NEAREST)
        sheet.paste(image, (left, GAP + LINE))
    if labelled:
        _legend(pen, scene, GAP + len(pictures) * (wide + GAP), rows)
    return sheet


def _legend(pen: ImageDraw.ImageDraw, scene: Scene, left: int, rows: int) -> None:
    counts = np.bincount(scene.labels[scene.labels >= 0], minlength=len(scene.class_ids))
    for row in range(rows):
        top = GAP + LINE + row * LINE
        pen.rectangle((left, top + 3, left + 14, top + 17), fill=scene.colours[row])
        name = scene.class_names[row]
        words = f"{scene.class_ids[row]}  {name if drawable(name) else ''}  {counts[row]:,}"
        _write(pen, words, (left + 22, top + LINE / 2), LEGEND_WIDTH - 22 - GAP)


def _write(pen: ImageDraw.ImageDraw, words: str, place: tuple[float, float], width: float) -> None:
    """Words at their left middle, cut where they would leave `width`."""
    font = _font(words.isascii())
    while len(words) > 1 and pen.textlength(words, font) > width:
        words = words[:-2] + "…"
    pen.text(place, words, fill=INK, font=font, anchor="lm")


@cache
def _font(latin: bool) -> ImageFont.FreeTypeFont:
    from matplotlib.font_manager import findfont

    return ImageFont.truetype(findfont(families()[0 if latin else -1]), 12)

"""Boxes drawn on pixels: targets of a batch, predictions beside labels. Pillow alone."""

import colorsys
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from matplotlib import font_manager
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lissom.boxes.suppress import Detections
from lissom.data.files import Pixels
from lissom.report.lettering import class_labels, drawable, families, latin

GOLDEN = 0.618033988749895  # of the circle of hues: neighbours are unlike


@cache
def colour(number: int) -> tuple[int, int, int]:
    """Of a class, the same everywhere."""
    red, green, blue = colorsys.hsv_to_rgb(number * GOLDEN % 1, 0.85, 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)


def drawn(
    pixels: Pixels,
    boxes: NDArray[np.float32],
    classes: NDArray[np.int64],
    names: Sequence[str],
    scores: NDArray[np.float32] | None = None,
) -> Pixels:
    """H W 3 with boxes n 4, corners in its pixels, each with its class and score."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    pen = ImageDraw.Draw(picture)
    side = max(picture.size)
    line, labels = max(round(side / 400), 1), class_labels(names)
    for number in range(len(classes) - 1, -1, -1):  # the first one has the highest score
        left, top, right, bottom = (float(value) for value in boxes[number])
        kind = int(classes[number])
        ink = colour(kind)
        pen.rectangle((left, top, max(right, left), max(bottom, top)), outline=ink, width=line)
        words = latin(labels[kind]) + ("" if scores is None else f" {scores[number]:.2f}")
        _label(pen, (left, top), words, ink, max(round(side / 45), 9))
    return np.asarray(picture)


def drawn_found(pixels: Pixels, found: Detections, names: Sequence[str]) -> Pixels:
    return drawn(pixels, found.boxes, found.classes, names, found.scores)


def _label(pen: ImageDraw.ImageDraw, corner: tuple[float, float], words: str, ink: Any, size: int) -> None:
    """On a ground of the box's colour, above the corner, or below it at the upper edge."""
    font = _font(size, words)
    left, top, right, bottom = pen.textbbox((0, 0), words, font=font)
    x, y = max(corner[0], 0), corner[1] - (bottom - top) - 2
    y = y if y >= 0 else corner[1]
    pen.rectangle((x, y, x + right - left + 2, y + bottom - top + 2), fill=ink)
    light = sum(weight * part for weight, part in zip((0.3, 0.59, 0.11), ink, strict=True)) > 140
    pen.text((x + 1 - left, y + 1 - top), words, fill=(0, 0, 0) if light else (255, 255, 255), font=font)


@cache
def _font(size: int, words: str) -> Any:
    """The first of this machine's that has the words."""
    name = families()[0 if words.isascii() or not drawable(words) else -1]
    path = font_manager.findfont(font_manager.FontProperties(family=[name]))
    return ImageFont.truetype(path, size)

"""Regions of interest as ENVI exports them to text: a header of comments, then the pixels of each region in turn."""

import re
from pathlib import Path

import numpy as np

from lissom.errors import DataError
from lissom.tasks.scene.data.layers import Layer
from lissom.tasks.scene.data.scene import Colour
from lissom.tasks.scene.data.shapes import Shape

ROI_TEXTS = (".txt", ".roi")
FIRST = "ENVI Output of ROIs"
FIELD = re.compile(r";\s*(File Dimension|ROI name|ROI rgb value|ROI npts)\s*:\s*(.*)", re.IGNORECASE)


def read_roi(path: Path, extent: Shape | None) -> Layer:
    """A map of ids from 1 in the order of the regions, with their names and colours; the columns after the number of a
    pixel are X and Y, from 1. extent: H W, where the file does not say it.

    Raises: DataError for another file, and for pixels beyond the extent.
    """
    content = path.read_bytes()
    if FIRST.encode() not in content[:200]:
        raise DataError("scene-roi-unknown", path=path)
    fields: dict[str, list[str]] = {}
    lines = content.decode("utf-8", errors="replace").splitlines()
    for line in lines:
        if found := FIELD.match(line.strip()):
            fields.setdefault(found[1].lower(), []).append(found[2].strip())
    size = [int(word) for word in re.findall(r"\d+", next(iter(fields.get("file dimension", [])), ""))]
    shape = tuple(size[1::-1]) if len(size) > 1 else extent
    counts = [int(word) for word in fields.get("roi npts", [])]
    rows = [line.split() for line in lines if line.strip() and not line.lstrip().startswith(";")]
    if shape is None or sum(counts) != len(rows) or not rows:
        raise DataError("scene-roi-points", path=path, got=len(rows), expected=sum(counts))
    first = 1 if any(re.match(r";\s*ID\b", line) for line in lines) else 0
    pixels = np.array([[float(word) for word in row[first : first + 2]] for row in rows]).astype(int) - 1
    if (pixels < 0).any() or (pixels >= shape[::-1]).any():
        raise DataError("scene-roi-points", path=path, got=len(rows), expected=" x ".join(map(str, shape)))
    ids = np.zeros(shape, np.int32)
    ids[pixels[:, 1], pixels[:, 0]] = np.repeat(np.arange(1, len(counts) + 1), counts)
    names = dict(enumerate(fields.get("roi name", []), 1))
    return Layer(values=ids, no_data=0, class_names=names, colours=_colours(fields.get("roi rgb value", [])))


def _colours(words: list[str]) -> dict[int, Colour]:
    numbers = [[int(number) for number in re.findall(r"\d+", word)] for word in words]
    return {index: (rgb[0], rgb[1], rgb[2]) for index, rgb in enumerate(numbers, 1) if len(rgb) == 3}

"""One label file in YOLO's form: a class and a box in each line, in shares of the picture's sides."""

import math
from pathlib import Path

from lissom.errors import DataError
from lissom.plain import short
from lissom.tasks.detect.data.locating import read_words
from lissom.tasks.detect.data.raw import Box, Row
from lissom.tasks.detect.data.told import Told

SLACK = 0.01  # beyond 0 to 1 that rounding and hasty hands explain; more than that are pixels


def read_rows(file: Path, *, num_classes: int, keypoints: bool, told: Told) -> list[Row]:
    """The boxes of a label file: left, top, right, bottom, as shares. A polygon becomes its box, and is counted.

    keypoints: points follow the box, which are not read.
    Raises: DataError that names the line, unless `told` collects.
    """
    rows = []
    try:
        lines = read_words(file).splitlines()
    except DataError as error:
        told.refuse(error)
        return []
    for number, line in enumerate(lines, 1):
        cells = line.split()
        if not cells:
            continue
        if len(cells) == 5 and (row := _plain(cells, num_classes, number)):
            rows.append(row)
            continue
        values = _values(cells, file, number, told)
        if values is None or not _is_class(values[0], cells[0], num_classes, file, number, told):
            continue
        if keypoints and len(values) > 5:
            told.count("keypoints", f"{file}:{number}")
            values = values[:5]
        if len(values) == 5:
            box = _box(values[1:], cells, file, number, told)
        elif len(values) > 6 and len(values) % 2:
            box = _polygon(values[1:], cells, file, number, told)
        else:
            box = None
            told.fault("boxes-columns", path=file, line=number, got=len(cells))
        if box:
            rows.append(Row(*box, int(values[0]), False, number))
    return rows


def _plain(cells: list[str], num_classes: int, number: int) -> Row | None:
    """A row as nearly all are; None for one that must be looked at closely."""
    try:
        index, x, y, width, height = int(cells[0]), *map(float, cells[1:])
    except ValueError:
        return None
    if not (0 <= index < num_classes and 0 <= x <= 1 and 0 <= y <= 1 and 0 <= width <= 1 and 0 <= height <= 1):
        return None
    x, y, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    return Row(x, y, right, bottom, index, False, number)


def _values(cells: list[str], file: Path, number: int, told: Told) -> list[float] | None:
    """The numbers of a line; None where one is none."""
    try:
        values = list(map(float, cells))
    except ValueError:
        values = []
    if not values or not all(map(math.isfinite, values)):
        odd = next(cell for cell in cells if not _is_number(cell))
        told.fault("boxes-not-a-number", path=file, line=number, got=short(odd))
        return None
    return values


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _is_class(value: float, cell: str, num_classes: int, file: Path, number: int, told: Told) -> bool:
    if value != int(value) or not 0 <= value < num_classes:
        told.fault("boxes-class", path=file, line=number, got=short(cell), count=num_classes, last=num_classes - 1)
        return False
    return True


def _box(values: list[float], cells: list[str], file: Path, number: int, told: Told) -> Box | None:
    x, y, width, height = values
    if width < 0 or height < 0:
        told.fault("boxes-negative", path=file, line=number, got=f"{cells[3]} {cells[4]}")
        return None
    if not _are_shares(values, cells[1:5], file, number, told):
        return None
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _polygon(values: list[float], cells: list[str], file: Path, number: int, told: Told) -> Box | None:
    if not _are_shares(values, cells[1:], file, number, told):
        return None
    told.count("polygons", f"{file}:{number}")
    return min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])


def _are_shares(values: list[float], cells: list[str], file: Path, number: int, told: Told) -> bool:
    odd = next((cell for cell, value in zip(cells, values, strict=True) if not -SLACK <= value <= 1 + SLACK), None)
    if odd is not None:
        told.fault("boxes-not-shares", path=file, line=number, got=odd)
    return odd is None

"""ESRI shapefiles: shapes (.shp), attributes (.dbf), coordinate system (.prj) and encoding (.cpg)."""

import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

POINTS, LINES, POLYGONS, CLOUDS = (1, 11, 21), (3, 13, 23), (5, 15, 25), (8, 18, 28)
Row = tuple[dict[str, Any], dict[str, Any]]


def read_shapefile(path: Path) -> tuple[list[Row], str]:
    """Geometries as GeoJSON has them with their attributes, and the text of the .prj.

    Raises: OSError, ValueError or struct.error for what is damaged or missing.
    """
    content = path.read_bytes()
    if struct.unpack_from(">i", content, 0)[0] != 9994:
        raise ValueError("no shapefile")
    beside = {each.suffix.lower(): each for each in path.parent.iterdir() if each.stem == path.stem}
    if ".dbf" not in beside:
        raise ValueError(f"{path.stem}.dbf is missing")
    words = beside[".cpg"].read_text().strip() if ".cpg" in beside else "utf-8"
    rows = _table(beside[".dbf"].read_bytes(), words)
    prj = beside[".prj"].read_text(encoding="utf-8", errors="replace").strip() if ".prj" in beside else ""
    pairs = zip(_shapes(content), rows, strict=True)
    return [(shape, row) for shape, row in pairs if shape and row is not None], prj


def _shapes(content: bytes) -> Iterator[dict[str, Any] | None]:
    at = 100
    while at + 12 <= len(content):
        length = struct.unpack_from(">i", content, at + 4)[0] * 2
        yield _shape(content[at + 8 : at + 8 + length])
        at += 8 + length


def _shape(record: bytes) -> dict[str, Any] | None:
    """A record; all rings of a polygon stand in one list, as filling by even and odd crossings needs no more."""
    (kind,) = struct.unpack_from("<i", record, 0)
    if kind in POINTS:
        return {"type": "Point", "coordinates": struct.unpack_from("<2d", record, 4)}
    if kind in CLOUDS:
        (count,) = struct.unpack_from("<i", record, 36)
        return {"type": "MultiPoint", "coordinates": _pairs(record, 40, count)}
    if kind not in LINES + POLYGONS:
        return None
    parts, count = struct.unpack_from("<2i", record, 36)
    starts = [*struct.unpack_from(f"<{parts}i", record, 44), count]
    points = _pairs(record, 44 + 4 * parts, count)
    rings = [points[first:last] for first, last in pairwise(starts)]
    return {"type": "Polygon" if kind in POLYGONS else "MultiLineString", "coordinates": rings}


def _pairs(record: bytes, at: int, count: int) -> list[tuple[float, float]]:
    numbers = struct.unpack_from(f"<{2 * count}d", record, at)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _table(content: bytes, encoding: str) -> Iterator[dict[str, Any] | None]:
    """The rows of a dBase table; None for one that is marked as deleted."""
    count, head, length = struct.unpack_from("<IHH", content, 4)
    fields, at = [], 32
    while content[at] != 0x0D:
        name = content[at : at + 11].split(b"\0")[0]
        fields.append((_text(name, encoding), chr(content[at + 11]), content[at + 16]))
        at += 32
    for number in range(count):
        at = head + number * length
        record, row, here = content[at : at + length], {}, 1
        for name, kind, wide in fields:
            row[name] = _value(_text(record[here : here + wide], encoding), kind)
            here += wide
        yield None if record[:1] == b"*" else row


def _text(raw: bytes, encoding: str) -> str:
    for each in (encoding, "gb18030"):
        try:
            return raw.decode(each).strip(" \0")
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("latin-1").strip(" \0")


def _value(word: str, kind: str) -> Any:
    if kind in "NF":
        return None if not word.strip("*") else float(word) if "." in word or "e" in word.lower() else int(word)
    return word or None

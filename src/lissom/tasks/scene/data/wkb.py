"""Well-known binary (OGC 06-103r4) as the geometries of GeoJSON; heights and measures are dropped."""

import struct
from typing import Any

KINDS = {1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon",
         7: "GeometryCollection"}  # fmt: skip


def geometry(data: bytes, at: int) -> tuple[dict[str, Any], int]:
    """The geometry that begins `at` a byte, and where it ends. Raises: ValueError or struct.error for damaged bytes."""
    order = "<" if data[at] == 1 else ">"
    (code,) = struct.unpack_from(order + "I", data, at + 1)
    extra = bool(code & 0x80000000) + bool(code & 0x40000000)  # of EWKB
    kind, iso = (code & 0xFFFF) % 1000, (code & 0xFFFF) // 1000
    sides = 2 + (extra or (0, 1, 1, 2)[iso])
    at += 5
    if kind == 1:
        points, at = _points(data, at, order, sides, 1)
        return {"type": "Point", "coordinates": points[0]}, at
    (count,) = struct.unpack_from(order + "I", data, at)
    at += 4
    if kind == 2:
        points, at = _points(data, at, order, sides, count)
        return {"type": "LineString", "coordinates": points}, at
    if kind == 3:
        rings = []
        for _ in range(count):
            (length,) = struct.unpack_from(order + "I", data, at)
            ring, at = _points(data, at + 4, order, sides, length)
            rings.append(ring)
        return {"type": "Polygon", "coordinates": rings}, at
    parts = []
    for _ in range(count):
        part, at = geometry(data, at)
        parts.append(part)
    if kind == 7:
        return {"type": "GeometryCollection", "geometries": parts}, at
    return {"type": KINDS[kind], "coordinates": [part["coordinates"] for part in parts]}, at


def _points(data: bytes, at: int, order: str, sides: int, count: int) -> tuple[list[tuple[float, float]], int]:
    numbers = struct.unpack_from(f"{order}{count * sides}d", data, at)
    return [(numbers[k], numbers[k + 1]) for k in range(0, len(numbers), sides)], at + 8 * len(numbers)

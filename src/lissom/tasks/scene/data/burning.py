"""Labelled shapes burned into a map of ids on the pixels of a cube."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lissom.errors import DataError, UsageError
from lissom.events import note
from lissom.tasks.scene.data.geotiff import rasterised
from lissom.tasks.scene.data.layers import Layer
from lissom.tasks.scene.data.scene import Georeference
from lissom.tasks.scene.data.shapes import Shape
from lissom.tasks.scene.data.vectors import Features, read_features


def read_shapes(
    path: Path, *, layer: str | None, field: str | None, extent: Shape | None, where: Georeference | None
) -> Layer:
    """A map of ids H W: those of the attribute `field`, or, for words, numbers from 1 in their order.

    A pixel belongs to the shape that holds its centre, of several to the last; lines and points to those they touch.
    where, extent: georeference and H W of the cube.
    Raises: DataError for a cube without georeference, for shapes beyond it, and where the field is not known (listed).
    """
    features = read_features(path, layer)
    if where is None or extent is None:
        raise DataError("scene-shapes-nowhere", path=path)
    chosen = _field(features, field, path)
    values = [row.get(chosen) for _, row in features.rows]
    ids = _ids([value for value in values if value is not None])
    shapes = [(shape, ids[value]) for (shape, _), value in zip(features.rows, values, strict=True) if value is not None]
    burned = rasterised(shapes, features.crs, where, extent)
    if not burned.any():
        raise DataError("scene-disjoint", path=path)
    names = {number: str(value) for value, number in ids.items() if isinstance(value, str)}
    colours = {number: features.colours[name] for number, name in names.items() if name in features.colours}
    told = note("scene_files.burned", count=len(shapes), field=chosen, pixels=int((burned != 0).sum()))
    return Layer(values=burned, no_data=0, class_names=names, colours=colours, notes=(told,))


def _field(features: Features, field: str | None, path: Path) -> str:
    """The attribute with the classes: the one named, else the only one. Raises: UsageError, DataError."""
    names = list(dict.fromkeys(name for _, row in features.rows for name in row))
    known = ", ".join(names) or "-"
    if field is not None:
        if field not in names:
            raise UsageError("scene-field-unknown", path=path, got=field, known=known)
        return field
    if len(names) != 1:
        raise DataError("scene-field-several", path=path, known=known)
    return names[0]


def _ids(values: list[Any]) -> Mapping[Any, int]:
    """Whole numbers are ids; all else is sorted and numbered from 1."""
    numbers = {value: _whole(value) for value in values}
    if all(number is not None for number in numbers.values()):
        return {value: number for value, number in numbers.items() if number is not None}
    return {value: index for index, value in enumerate(sorted(set(values), key=str), 1)}


def _whole(value: Any) -> int | None:
    try:
        return int(value) if float(value) == int(float(value)) else None
    except (TypeError, ValueError, OverflowError):
        return None

"""COCO's JSON: pictures, categories and annotations in one file for each part.

Lin et al. "Microsoft COCO: Common Objects in Context", ECCV 2014; the form stands on cocodataset.org under "Data
format". A box is left, top, width and height, in pixels from 0. Masks are not read, but for the box of a polygon that
has none of its own.
"""

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lissom.bounds import read_regular
from lissom.errors import DataError, MachineError
from lissom.plain import from_json, short
from lissom.tasks.detect.data.locating import Shelf, part_of
from lissom.tasks.detect.data.raw import Box, Raw, RawPicture, Row
from lissom.tasks.detect.data.told import Told

HEAD = 1 << 16  # bytes in which such a file shows what it is


def read_coco(files: list[Path], root: Path, told: Told, *, name: str | None = None) -> Raw:
    """The data set of one file or several, one for each part: their categories are the same by name.

    Raises: DataError that names the file and what in it.
    """
    numbers: dict[str, int] = {}
    pictures = [picture for file in files for picture in _File(file, root, numbers, told, alone=len(files) == 1).read()]
    name = name or (files[0].stem if len(files) == 1 and files[0].parent == root else root.resolve().name)
    return Raw(name=name, root=root, class_names=tuple(numbers), pictures=pictures)


def is_coco(file: Path) -> bool:
    """Whether a JSON file begins, or ends, like one: with pictures, categories or annotations."""
    try:
        with file.open("rb") as opened:
            head = opened.read(HEAD)
            opened.seek(max(0, os.fstat(opened.fileno()).st_size - HEAD))
            ends = head + opened.read(HEAD)
    except OSError:
        return False
    return sum(word in ends for word in (b'"images"', b'"annotations"', b'"categories"')) >= 2 or b'"bbox"' in ends


class _File:
    """One file under reading. numbers: those of the classes by name, filled as they are met."""

    def __init__(self, file: Path, root: Path, numbers: dict[str, int], told: Told, *, alone: bool) -> None:
        self._file, self._root, self._numbers, self._told = file, root, numbers, told
        stem = part_of([file.stem])
        self._part = stem or part_of([file.parent.name])
        self._alone = alone

    def read(self) -> list[RawPicture]:
        content = _content(self._file)
        if self._part == "test":  # COCO keeps its annotations to itself
            content.setdefault("annotations", [])
        lists = {key: content.get(key) for key in ("images", "categories", "annotations")}
        for key, value in lists.items():
            if not isinstance(value, list):
                got = "-" if value is None else type(value).__name__
                raise DataError("boxes-coco-key", path=self._file, key=key, got=got)
        classes = self._classes(lists["categories"] or [], lists["annotations"] or [])
        pictures, known = self._pictures(lists["images"] or [])
        for number, annotation in enumerate(lists["annotations"] or [], 1):
            self._annotate(number, annotation, classes, pictures, known)
        for picture in pictures.values():
            if not picture.rows:
                self._told.count("background", str(picture.file))
        return list(pictures.values())

    def _classes(self, categories: list[Any], annotations: list[Any]) -> dict[Any, int]:
        """Class number by category id, in the order of the file; ids may have gaps or begin at 0."""
        named: dict[Any, str] = {}
        for number, row in enumerate(categories, 1):
            ok = isinstance(row, dict) and isinstance(row.get("name"), str) and isinstance(row.get("id"), int | str)
            if not ok or row["id"] in named or row["name"] in named.values():
                raise DataError("boxes-coco-category", path=self._file, number=number, got=short(row))
            named[row["id"]] = row["name"]
        if (dummy := _dummy(categories, annotations)) is not None:
            self._told.count("dummy", named.pop(dummy))
        if not named:
            raise DataError("boxes-no-names", path=self._file)
        return {index: self._numbers.setdefault(name, len(self._numbers)) for index, name in named.items()}

    def _pictures(self, rows: list[Any]) -> tuple[dict[Any, RawPicture], set[Any]]:
        """By their ids, those that are there; and all ids."""
        found: dict[Any, RawPicture] = {}
        known: set[Any] = set()
        shelf, bases = Shelf(), _bases(self._file, self._root)
        for number, row in enumerate(rows, 1):
            if not isinstance(row, dict) or not isinstance(row.get("file_name"), str) or not _is_id(row.get("id")):
                self._told.fault("boxes-coco-image", path=self._file, number=number, got=short(row))
                continue
            if row["id"] in known:
                self._told.fault("boxes-coco-image-twice", path=self._file, number=number, got=short(row["id"]))
                continue
            known.add(row["id"])
            image, moved, bases = _find(shelf, bases, row["file_name"])
            if image is None and (image := shelf.anywhere(self._root, row["file_name"])):
                moved = True
            if image is None:
                self._told.count("images-missing", row["file_name"])
                continue
            if moved:
                self._told.count("relocated", f"{row['file_name']} -> {image}")
            part = self._part or (part_of(Path(row["file_name"]).parts[:-1]) if self._alone else "")
            found[row["id"]] = RawPicture(image, part, str(self._file), _declared(row))
        if not found:
            raise DataError("boxes-no-images", path=bases[0], file=self._file, line=1)
        return found, known

    def _annotate(
        self, number: int, row: Any, classes: dict[Any, int], pictures: dict[Any, RawPicture], known: set[Any]
    ) -> None:
        """Adds one annotation to its picture."""
        told, file = self._told, self._file
        if not isinstance(row, dict) or not _is_id(row.get("image_id")) or not _is_id(row.get("category_id")):
            return told.fault("boxes-coco-annotation", path=file, number=number, got=short(row))
        if row["image_id"] not in known:
            return told.fault("boxes-coco-image-unknown", path=file, number=number, got=short(row["image_id"]))
        if row["category_id"] not in classes:
            return told.fault("boxes-coco-class", path=file, number=number, got=short(row["category_id"]))
        if row["image_id"] not in pictures:
            return None
        if isinstance(row.get("segmentation"), dict):
            told.count("masks", f"{file}: {number}")
        box, crowd = self._box(number, row), bool(row.get("iscrowd"))
        if box:
            if crowd:
                told.count("crowd", f"{file}: {number}")
            pictures[row["image_id"]].rows.append(Row(*box, classes[row["category_id"]], crowd, number))
        return None

    def _box(self, number: int, row: Mapping[str, Any]) -> Box | None:
        """Left, top, right, bottom; of a polygon without a box, its own."""
        box = row.get("bbox")
        if not box and (points := _points(row.get("segmentation"))):
            self._told.count("polygons", f"{self._file}: {number}")
            return min(points[::2]), min(points[1::2]), max(points[::2]), max(points[1::2])
        if not isinstance(box, list) or len(box) != 4 or not all(map(_is_number, box)):
            self._told.fault("boxes-coco-box", path=self._file, number=number, got=short(box))
            return None
        left, top, width, height = map(float, box)
        if width < 0 or height < 0:
            self._told.fault("boxes-coco-negative", path=self._file, number=number, got=f"{width:g} {height:g}")
            return None
        return left, top, left + width, top + height


def _content(file: Path) -> dict[str, Any]:
    try:
        content = from_json(read_regular(file).decode("utf-8-sig"))
    except PermissionError as error:
        raise MachineError("data-no-permission", path=file) from error
    except (OSError, ValueError) as error:
        raise DataError("boxes-json", path=file, reason=" ".join(str(error).split())) from None
    if not isinstance(content, dict):
        raise DataError("boxes-coco-key", path=file, key="images", got=type(content).__name__)
    return content


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _points(segmentation: Any) -> list[float]:
    """x, y, x, y ... of all polygons of an object; none where it has none."""
    if not isinstance(segmentation, list):
        return []
    points = [value for polygon in segmentation if isinstance(polygon, list) for value in polygon]
    return points if len(points) >= 6 and len(points) % 2 == 0 and all(map(_is_number, points)) else []


def _declared(row: Mapping[str, Any]) -> tuple[int, int]:
    width, height = row.get("width"), row.get("height")
    is_size = _is_number(width) and _is_number(height) and width > 0 and height > 0  # type: ignore[operator]
    return (int(width), int(height)) if is_size else (0, 0)  # type: ignore[arg-type]


def _dummy(categories: Iterable[Mapping[str, Any]], annotations: Iterable[Any]) -> Any:
    """The id of the first category where Roboflow wrote its group there: all others stand under it, and no box."""
    first, *others = categories or [{}]
    above = {row.get("supercategory") for row in others}
    if not others or above != {first.get("name")} or first.get("supercategory") not in ("none", "", None):
        return None
    used = any(isinstance(row, dict) and row.get("category_id") == first["id"] for row in annotations)
    return None if used else first["id"]


def _bases(file: Path, root: Path) -> list[Path]:
    """Folders in which the pictures of a file may lie, the likeliest first."""
    stem, here = file.stem, file.parent
    words = [stem, *([stem.split("_", 1)[1]] if "_" in stem else [])]
    bases = [here]
    for folder in (here, here.parent) if here != root or here.name.lower() == "annotations" else (here,):
        for inner in (folder / "images", folder):
            bases += [inner, *(inner / word for word in words)]
    return [base for base in dict.fromkeys(bases) if base.is_dir()]


def _find(shelf: Shelf, bases: list[Path], given: str) -> tuple[Path | None, bool, list[Path]]:
    """The picture, whether folders of its name had to be left away, and the bases, the one that had it first."""
    for base in bases:
        image, moved = shelf.below(base, given)
        if image:
            return image, moved, [base, *(other for other in bases if other != base)]
    return None, False, bases

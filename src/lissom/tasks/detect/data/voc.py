"""Pascal VOC's XML: a file for each picture, with the corners of each box in pixels counted from 1.

Everingham et al. "The Pascal Visual Object Classes (VOC) Challenge", IJCV 2010. The corner pixels belong to the box.
"""

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from lissom.bounds import read_regular
from lissom.data.files import is_image_name
from lissom.data.folders import FolderFiles
from lissom.errors import DataError, MachineError
from lissom.plain import short
from lissom.tasks.detect.data.locating import Shelf, part_of, read_names, read_words
from lissom.tasks.detect.data.raw import Raw, RawPicture, Row
from lissom.tasks.detect.data.told import Told

OBJECT = re.compile(rb"<object\b")
CORNERS = ("xmin", "ymin", "xmax", "ymax")
LISTS = ("classes.txt", "labels.txt", "labelmap.txt")  # of class names, in order
IMAGE_FOLDERS = ("JPEGImages", "images", "Images", "imgs", "img")
SPLITS = {"train": "train", "val": "val", "test": "test", "trainval": "train", "default": ""}  # lists of ImageSets/Main


class _Object(NamedTuple):
    name: str
    corners: tuple[float, ...]
    difficult: bool
    line: int


def read_voc(root: Path, told: Told) -> Raw:
    """The data set below a folder. Raises: DataError that names the file and the object."""
    files = FolderFiles(root)
    names = [name for name in files.names if name.lower().endswith(".xml")]
    parts, shelf = _parts(files), Shelf()
    read: list[tuple[RawPicture, list[_Object]]] = []
    seen: set[Path] = set()
    for name in names:
        found = _read(files.file(name), told)
        if found is None:
            continue
        tree, objects = found
        image = _image(files.file(name), tree, root, shelf)
        if image is None:
            told.count("labels-without-image", name)
            continue
        seen.add(image)
        stem = os.path.splitext(os.path.basename(name))[0]
        for part in parts.get(stem, [] if parts else [part_of(reversed(name.split("/")[:-1]))]):
            read.append((RawPicture(image, part, str(files.file(name)), _declared(tree)), objects))
        if parts and stem not in parts:
            told.count("not-listed", name)
    if not read:
        raise DataError("boxes-no-images", path=root, file=root, line=1)
    classes = _classes(files, read)
    _fill(read, {name: number for number, name in enumerate(classes)}, told)
    pictures = [picture for picture, _ in read]
    for image, part in _background(files, seen, parts):
        told.count("background", str(image))
        pictures.append(RawPicture(image, part))
    return Raw(name=root.resolve().name, root=root, class_names=tuple(classes), pictures=pictures)


def is_voc(file: Path) -> bool:
    """Whether an XML file begins like one."""
    try:
        with file.open("rb") as opened:
            return b"<annotation" in opened.read(4096)
    except OSError:
        return False


def _read(file: Path, told: Told) -> tuple[ElementTree.Element, list[_Object]] | None:
    try:
        data = read_regular(file)
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:  # what an entity stands for may have no end
            raise DataError("boxes-xml", path=file, reason="DOCTYPE")
        tree = ElementTree.fromstring(data)
    except PermissionError as error:
        raise MachineError("data-no-permission", path=file) from error
    except (OSError, ElementTree.ParseError, ValueError, LookupError) as error:
        if isinstance(error, DataError):
            raise
        told.fault("boxes-xml", path=file, reason=error)
        return None
    lines = [data.count(b"\n", 0, found.start()) + 1 for found in OBJECT.finditer(data)]
    elements = tree.findall("object")
    lines += [0] * (len(elements) - len(lines))  # of a file in UTF-16
    objects = [_object(each, file, line, told) for each, line in zip(elements, lines, strict=False)]
    return tree, [each for each in objects if each]


def _object(element: ElementTree.Element, file: Path, line: int, told: Told) -> _Object | None:
    name = _text(element, "name")
    if not name:
        told.fault("boxes-voc-name", path=file, line=line)
        return None
    corners = []
    for corner in CORNERS:
        word = _text(element, f"bndbox/{corner}")
        try:
            corners.append(float(word))
        except ValueError:
            corners.append(math.nan)
        if not math.isfinite(corners[-1]):
            told.fault("boxes-voc-corner", path=file, line=line, corner=corner, got=short(word) if word else "-")
            return None
    if corners[2] < corners[0] or corners[3] < corners[1]:
        told.fault("boxes-voc-negative", path=file, line=line, got=" ".join(f"{each:g}" for each in corners))
        return None
    return _Object(name, tuple(corners), _text(element, "difficult") in ("1", "true", "True"), line)


def _text(element: ElementTree.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _declared(tree: ElementTree.Element) -> tuple[int, int]:
    """Width and height; 0 where they are missing, or 0 as some programs write them."""
    try:
        sides = int(float(_text(tree, "size/width"))), int(float(_text(tree, "size/height")))
    except (ValueError, OverflowError):
        return 0, 0
    return sides if min(sides) > 0 else (0, 0)


def _image(file: Path, tree: ElementTree.Element, root: Path, shelf: Shelf) -> Path | None:
    """By the name within, else by that of the file; beside it, in a folder beside its own, or below the root."""
    within = _text(tree, "filename")
    given = [name for name in (within, file.stem) if name]
    around = [file.parent, *(above / name for above in (file.parent, file.parent.parent) for name in IMAGE_FOLDERS)]
    for name in given:
        for base in (*around, file.parent.parent, root):
            image, _ = shelf.below(base, name, images=True)
            if image and is_image_name(image.name):
                return image
    return shelf.anywhere(root, within) if within else None


def _parts(files: FolderFiles) -> dict[str, list[str]]:
    """By a picture's name without extension the parts that ImageSets/Main gives it; nothing where there is none."""
    found: dict[str, dict[str, None]] = {}
    lists = {
        name.rsplit("/", 1)[-1][:-4].lower(): name
        for name in files.names
        if name.split("/")[-2:-1] in (["Main"], ["ImageSets"]) and "ImageSets/" in name
    }
    if "train" in lists or "val" in lists:
        lists.pop("trainval", None)
    for word, part in SPLITS.items():
        for line in read_words(files.file(lists[word])).splitlines() if word in lists else ():
            if name := os.path.basename(line.strip()):
                found.setdefault(os.path.splitext(name)[0] if is_image_name(name) else name, {})[part] = None
    return {stem: list(parts) for stem, parts in found.items()}


def _classes(files: FolderFiles, read: list[tuple[RawPicture, list[_Object]]]) -> list[str]:
    """In the order of a list among the files, if it has them all, else of the alphabet."""
    used = sorted({each.name for _, objects in read for each in objects})
    for name in files.names:
        if name.rsplit("/", 1)[-1].lower() in LISTS:
            listed = _listed(files.file(name), used)
            if set(used) <= set(listed):
                return listed
    if not used:
        raise DataError("boxes-none", path=files.path)
    return used


def _listed(file: Path, used: list[str]) -> list[str]:
    """The names of a list; CVAT's labelmap.txt has `name:color:parts:actions`, and a background that no box has."""
    names = read_names(file)
    if file.name.lower() == "labelmap.txt":
        names = [line.split(":")[0] for line in names if not line.startswith("#")]
        names = [name for name in names if name != "background" or name in used]
    return list(dict.fromkeys(names))


def _fill(read: list[tuple[RawPicture, list[_Object]]], numbers: dict[str, int], told: Told) -> None:
    """Corners become edges. Where a box of the data set begins at pixel 0, its pixels are counted from 0."""
    from_zero = next((p.where for p, objects in read for each in objects if min(each.corners[:2]) < 1), None)
    first = 0 if from_zero else 1
    if from_zero:
        told.count("from-zero", from_zero)
    for picture, objects in read:
        for each in objects:
            left, top, right, bottom = each.corners
            if each.difficult:
                told.count("difficult", f"{picture.where}:{each.line}")
            row = Row(left - first, top - first, right, bottom, numbers[each.name], each.difficult, each.line)
            picture.rows.append(row)
        if not objects:
            told.count("background", picture.where)


def _background(files: FolderFiles, seen: set[Path], parts: dict[str, list[str]]) -> Iterator[tuple[Path, str]]:
    """Pictures without a file of labels, with their parts."""
    for name in files.names:
        path = files.file(name)
        if not is_image_name(name) or path in seen or "segmentation" in name.lower():
            continue
        stem = os.path.splitext(os.path.basename(name))[0]
        for part in parts.get(stem, [] if parts else [part_of(reversed(name.split("/")[:-1]))]):
            yield path, part

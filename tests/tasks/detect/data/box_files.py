"""Small data sets with boxes, as labelling programs leave them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZE = (60, 40)


def photo(
    path: Path, *, size: tuple[int, int] = SIZE, shade: int = 90, orientation: int = 1, mode: str = "RGB"
) -> Path:
    """A picture of one colour with a bright corner; `size` as stored."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((size[1], size[0], 3), shade, np.uint8)
    pixels[:8, :8] = 250
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).convert(mode).save(path, exif=exif)
    return path


def words(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def yolo(folder: Path, *, train: str = "0 0.5 0.5 0.5 0.5\n", names: str = "[cat, dog]", extra: str = "") -> Path:
    """Two training pictures and one of val, described by a data.yaml; `train`: the labels of the first one."""
    for index, part in enumerate(("train", "train", "val")):
        photo(folder / f"images/{part}/{index}.jpg", shade=60 + 40 * index)
    words(folder / "labels/train/0.txt", train)
    words(folder / "labels/train/1.txt", "1 0.25 0.25 0.5 0.5\n")
    words(folder / "labels/val/2.txt", "1 0.5 0.5 1 1\n")
    return words(folder / "data.yaml", f"path: .\ntrain: images/train\nval: images/val\nnames: {names}\n{extra}")


def coco(file: Path, pictures: list[dict[str, Any]], annotations: list[dict[str, Any]], categories: Any = None) -> Path:
    """COCO's JSON as it stands; pictures and annotations are numbered from 1 where they have no id."""
    rows = [{"id": number, **row} for number, row in enumerate(pictures, 1)]
    boxes = [{"id": number, "iscrowd": 0, **row} for number, row in enumerate(annotations, 1)]
    categories = categories or [{"id": 3, "name": "cat"}, {"id": 90, "name": "dog"}]
    return words(file, json.dumps({"images": rows, "annotations": boxes, "categories": categories}))


def voc(
    file: Path, image: str, objects: list[tuple[str, tuple[float, ...]]], *, size: Any = SIZE, more: str = ""
) -> Path:
    """VOC's XML: names with xmin, ymin, xmax, ymax; size None: not said."""
    said = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>" if size else ""
    boxes = "".join(
        f"<object>\n<name>{name}</name>{more}<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin>"
        f"<xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>\n"
        for name, box in objects
    )
    return words(file, f"<annotation>\n<filename>{image}</filename>{said}\n{boxes}</annotation>\n")

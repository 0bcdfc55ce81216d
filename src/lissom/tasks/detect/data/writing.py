"""Pictures with boxes as YOLO, COCO and Pascal VOC write them, into a folder that nobody reads yet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import numpy as np

from lissom.plain import to_json
from lissom.tasks.detect.data.opening import Opened
from lissom.tasks.detect.data.pictures import Labels

PARTS = ("train", "val", "test")
COCO_IMAGES = "images"
DIGITS = 12  # of a coordinate: what is read again is the same float32


class Out(NamedTuple):
    """Where a picture goes."""

    folder: str
    stem: str
    suffix: str
    part: str

    @property
    def image(self) -> str:
        return f"{self.folder}/{self.stem}{self.suffix}"


def write_yolo(folder: Path, opened: Opened, outs: list[Out]) -> None:
    """data.yaml, and a text file for each picture: class, centre and size in shares."""
    for index, out in enumerate(outs):
        size = np.tile(opened.pictures.sizes[index].astype(np.float64), 2)
        rows = []
        labels = opened.pictures.labels(index)
        for number, (left, top, right, bottom) in zip(labels.classes, labels.boxes / size, strict=True):
            values = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
            rows.append(f"{number} {' '.join(map(_number, values))}\n")
        path = folder / out.folder.replace("images", "labels", 1) / f"{out.stem}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(rows), encoding="utf-8")
    found = {out.part or "train": out.folder for out in outs}
    parts = "".join(f"{part}: {found[part]}\n" for part in PARTS if part in found)
    names = "".join(f"  {number}: {_quoted(name)}\n" for number, name in enumerate(opened.raw.class_names))
    text = f"path: .\n{parts}nc: {len(opened.raw.class_names)}\nnames:\n{names}"
    (folder / "data.yaml").write_text(text, encoding="utf-8")


def write_coco(folder: Path, opened: Opened, outs: list[Out]) -> None:
    """A file of instances for each part; classes are numbered from 1, and every file has them all."""
    categories = [{"id": number, "name": name} for number, name in enumerate(opened.raw.class_names, 1)]
    (folder / "annotations").mkdir()
    for part in sorted({out.part for out in outs}):
        own = [index for index, out in enumerate(outs) if out.part == part]
        images, annotations = [], []
        for number, index in enumerate(own, 1):
            width, height = opened.pictures.sizes[index].tolist()
            name = f"{outs[index].stem}{outs[index].suffix}"
            images.append({"id": number, "file_name": name, "width": width, "height": height})
            annotations += _annotations(opened.pictures.labels(index), number, len(annotations) + 1)
        content = {"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": categories}
        file = folder / f"annotations/instances_{part or 'default'}.json"
        file.write_text(to_json(content, indent=None), encoding="utf-8")


def _annotations(labels: Labels, image: int, first: int) -> Iterator[dict[str, Any]]:
    rows = zip(labels.boxes.astype(np.float64).tolist(), labels.classes.tolist(), labels.crowd.tolist(), strict=True)
    for number, ((left, top, right, bottom), kind, crowd) in enumerate(rows, first):
        box = [left, top, right - left, bottom - top]
        yield {"id": number, "image_id": image, "category_id": kind + 1, "bbox": box, "area": box[2] * box[3],
               "iscrowd": int(crowd), "segmentation": []}  # fmt: skip


def write_voc(folder: Path, opened: Opened, outs: list[Out]) -> None:
    """A file for each picture, lists of the parts, and a list of the classes in their order."""
    (folder / "Annotations").mkdir()
    (folder / "ImageSets/Main").mkdir(parents=True)
    for index, out in enumerate(outs):
        file = folder / f"Annotations/{out.stem}.xml"
        file.write_text(_xml(opened, index, out), encoding="utf-8")
    for part in sorted({out.part for out in outs}):
        stems = "".join(f"{out.stem}\n" for out in outs if out.part == part)
        (folder / f"ImageSets/Main/{part or 'default'}.txt").write_text(stems, encoding="utf-8")
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in opened.raw.class_names), encoding="utf-8")


def _xml(opened: Opened, index: int, out: Out) -> str:
    """Corners from pixel 1; a box around several objects is a difficult one."""
    labels, (width, height) = opened.pictures.labels(index), opened.pictures.sizes[index].tolist()
    rows = zip(labels.boxes.astype(np.float64).tolist(), labels.classes.tolist(), labels.crowd.tolist(), strict=True)
    objects = [
        f"  <object>\n    <name>{escape(opened.raw.class_names[kind])}</name>\n    <pose>Unspecified</pose>\n"
        f"    <truncated>0</truncated>\n    <difficult>{int(crowd)}</difficult>\n    <bndbox>\n"
        f"      <xmin>{_number(left + 1)}</xmin>\n      <ymin>{_number(top + 1)}</ymin>\n"
        f"      <xmax>{_number(right)}</xmax>\n      <ymax>{_number(bottom)}</ymax>\n    </bndbox>\n  </object>\n"
        for (left, top, right, bottom), kind, crowd in rows
    ]
    name = escape(f"{out.stem}{out.suffix}")
    return (
        f"<annotation>\n  <folder>JPEGImages</folder>\n  <filename>{name}</filename>\n  <size>\n"
        f"    <width>{width}</width>\n    <height>{height}</height>\n    <depth>3</depth>\n  </size>\n"
        f"  <segmented>0</segmented>\n{''.join(objects)}</annotation>\n"
    )


def _number(value: float) -> str:
    """Without trailing zeros."""
    return f"{float(value):.{DIGITS}g}"


def _quoted(name: str) -> str:
    """A class name as YAML, whatever is in it."""
    return to_json(name)

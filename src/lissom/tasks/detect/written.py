"""What a prediction of boxes leaves in a folder: drawn images, YOLO text, COCO JSON, CSV, crops."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lissom.atomic import write_atomic
from lissom.boxes.suppress import Detections
from lissom.data.files import Pixels
from lissom.data.names import printable
from lissom.events import Note, note
from lissom.plain import to_json
from lissom.report.tables import to_csv

COCO, CSV = "predictions.json", "predictions.csv"


class Writer:
    """Takes images one after another; `finish` writes what is one file for all of them."""

    def __init__(self, folder: Path, kinds: Sequence[str], class_names: Sequence[str]) -> None:
        self._folder, self._kinds, self._names = folder, kinds, class_names
        self._stems: set[str] = set()
        self._images: list[dict[str, Any]] = []
        self._boxes: list[dict[str, Any]] = []
        self._rows: list[dict[str, Any]] = []

    def add(self, file: Path, pixels: Pixels, found: Detections) -> None:
        """found: in pixels of the image. Raises: MachineError for a folder that cannot be written."""
        stem = self._stem(file)
        high, wide = pixels.shape[:2]
        if "pictures" in self._kinds:
            from lissom.tasks.detect.drawing import drawn_found

            self._image(self._folder / f"{stem}.jpg", drawn_found(pixels, found, self._names))
        if "yolo" in self._kinds:
            write_atomic(self._folder / "labels" / f"{stem}.txt", yolo_text(found, wide, high), parents=True)
        if "crops" in self._kinds:
            self._crops(stem, pixels, found)
        self._collect(file, wide, high, found)

    def _stem(self, file: Path) -> str:
        """That of the file; numbered where several folders have one of that name."""
        stem, number = file.stem, 1
        while stem in self._stems:
            number += 1
            stem = f"{file.stem}-{number}"
        self._stems.add(stem)
        return stem

    def _image(self, path: Path, pixels: Pixels) -> None:
        held = io.BytesIO()
        Image.fromarray(pixels).save(held, "JPEG", quality=92)
        write_atomic(path, held.getvalue(), parents=True)

    def _crops(self, stem: str, pixels: Pixels, found: Detections) -> None:
        """Below a folder for each class, in the order of the scores."""
        corners = np.concatenate([np.floor(found.boxes[:, :2]), np.ceil(found.boxes[:, 2:])], 1).astype(int)
        for number, (left, top, right, bottom) in enumerate(corners.tolist()):
            if right > left and bottom > top:
                kind = as_folder(self._names[int(found.classes[number])])
                path = self._folder / "crops" / kind / f"{stem}-{number + 1}.jpg"
                self._image(path, np.ascontiguousarray(pixels[top:bottom, left:right]))

    def _collect(self, file: Path, wide: int, high: int, found: Detections) -> None:
        name, image = printable(str(file)), len(self._images) + 1
        self._images.append({"id": image, "file_name": name, "width": wide, "height": high})
        columns = zip(found.boxes.tolist(), found.scores.tolist(), found.classes.tolist(), strict=True)
        for (left, top, right, bottom), score, number in columns:
            box = [round(side, 2) for side in (left, top, right - left, bottom - top)]
            self._boxes.append({"image_id": image, "category_id": number + 1, "bbox": box, "score": round(score, 6)})
            sides = dict(zip(("left", "top", "right", "bottom"), (left, top, right, bottom), strict=True))
            rounded = {side: round(value, 2) for side, value in sides.items()}
            self._rows.append({"file": name, "label": self._names[number], "score": round(score, 6), **rounded})

    def finish(self) -> list[Note]:
        """The files for all images; says where everything is."""
        if "coco" in self._kinds:
            categories = [{"id": number + 1, "name": name} for number, name in enumerate(self._names)]
            found = {"images": self._images, "categories": categories, "annotations": self._boxes}
            write_atomic(self._folder / COCO, to_json(found) + "\n", parents=True)
        if "csv" in self._kinds:
            empty = "file,label,score,left,top,right,bottom\n"
            write_atomic(self._folder / CSV, to_csv(self._rows) if self._rows else empty, parents=True)
        return [note("detect.written", images=len(self._images), path=str(self._folder))]


def as_folder(name: str) -> str:
    """A class as the name of a folder, on every system."""
    safe = "".join("_" if letter in '/\\:*?"<>|' or not letter.isprintable() else letter for letter in name)
    return safe.strip(". ") or "_"


def yolo_text(found: Detections, wide: int, high: int) -> str:
    """A line for each box: class, centre and size in shares of the image, score."""
    boxes = found.boxes.astype(np.float64) / [wide, high, wide, high]
    sizes = boxes[:, 2:] - boxes[:, :2]
    values = np.column_stack([boxes[:, :2] + sizes / 2, sizes, found.scores])
    lines = zip(found.classes.tolist(), values.tolist(), strict=True)
    return "".join(f"{number} {' '.join(f'{value:.6f}' for value in row)}\n" for number, row in lines)

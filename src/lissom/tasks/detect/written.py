"""What a prediction of boxes leaves in a folder: drawn images and videos, YOLO text, COCO JSON, CSV, crops."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from lissom.atomic import write_atomic
from lissom.boxes.suppress import Detections
from lissom.data.files import Pixels
from lissom.data.names import printable
from lissom.events import Note, note
from lissom.plain import to_json
from lissom.report.tables import to_csv
from lissom.tasks.detect.video import Clip

COCO, CSV = "predictions.json", "predictions.csv"
SIDES = ("left", "top", "right", "bottom")


class Boxed(NamedTuple):
    """The boxes of one image, in its pixels, or of one frame."""

    name: str
    frame: int | None
    """From 1; None: an image."""
    width: int
    height: int
    boxes: Detections

    def rows(self, names: Sequence[str], *, frames: bool) -> Iterator[dict[str, Any]]:
        """A row for each box. frames: with the number of the frame."""
        which = {"file": self.name, "frame": self.frame} if frames else {"file": self.name}
        for box, score, number in _columns(self.boxes):
            rounded = {side: round(value, 2) for side, value in zip(SIDES, box, strict=True)}
            yield {**which, "label": names[number], "score": round(score, 6), **rounded}


class Writer:
    """Takes images and frames one after another; `finish` writes what is one file for all of them."""

    def __init__(self, folder: Path, kinds: Sequence[str], class_names: Sequence[str]) -> None:
        self._folder, self._kinds, self._names = folder, kinds, class_names
        self._stems: set[str] = set()
        self._found: list[Boxed] = []

    def add(self, file: Path, pixels: Pixels, found: Detections) -> None:
        """found: in pixels of the image. Raises: MachineError for a folder that cannot be written."""
        stem = self.stem(file.stem)
        if "pictures" in self._kinds:
            self._image(self._folder / f"{stem}.jpg", self._drawn(pixels, found))
        self._apart(stem, pixels, found)
        self._found.append(Boxed(printable(str(file)), None, pixels.shape[1], pixels.shape[0], found))

    def clip(self, stem: str, rate: float | None) -> Clip | None:
        """The drawn video to come, where pictures are wanted. rate: frames in a second; None: as they come."""
        return Clip(self._folder / f"{stem}.mp4", rate) if "pictures" in self._kinds else None

    def add_frame(self, found: Boxed, pixels: Pixels, stem: str, clip: Clip | None) -> None:
        """stem: that of the video. Raises: MachineError for a folder that cannot be written."""
        if clip:
            clip.add(self._drawn(pixels, found.boxes))
        self._apart(self.stem(f"{stem}-{found.frame}"), pixels, found.boxes)
        self._found.append(found)

    def stem(self, wanted: str) -> str:
        """That of a file or frame; numbered where another one has that name."""
        stem, number = wanted, 1
        while stem in self._stems:
            number += 1
            stem = f"{wanted}-{number}"
        self._stems.add(stem)
        return stem

    def _drawn(self, pixels: Pixels, found: Detections) -> Pixels:
        from lissom.tasks.detect.drawing import drawn_found

        return drawn_found(pixels, found, self._names)

    def _apart(self, stem: str, pixels: Pixels, found: Detections) -> None:
        """What is a file or more of each image."""
        if "yolo" in self._kinds:
            high, wide = pixels.shape[:2]
            write_atomic(self._folder / "labels" / f"{stem}.txt", yolo_text(found, wide, high), parents=True)
        if "crops" in self._kinds:
            self._crops(stem, pixels, found)

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

    def finish(self) -> list[Note]:
        """The files for all that was taken so far; says where everything is."""
        frames = sum(found.frame is not None for found in self._found)
        if "coco" in self._kinds:
            write_atomic(self._folder / COCO, to_json(self._coco()) + "\n", parents=True)
        if "csv" in self._kinds:
            rows = [row for found in self._found for row in found.rows(self._names, frames=frames > 0)]
            empty = f"file,{'frame,' if frames else ''}label,score,{','.join(SIDES)}\n"
            write_atomic(self._folder / CSV, to_csv(rows) if rows else empty, parents=True)
        images, path = len(self._found) - frames, str(self._folder)
        told = [note("detect.written", images=images, path=path)] if images else []
        return [*told, note("detect.written-frames", frames=frames, path=path)] if frames else told

    def _coco(self) -> dict[str, Any]:
        """COCO's form of all of it; an image that is a frame says which."""
        images: list[dict[str, Any]] = []
        boxes: list[dict[str, Any]] = []
        for number, found in enumerate(self._found, 1):
            which = {} if found.frame is None else {"frame": found.frame}
            size = {"width": found.width, "height": found.height}
            images.append({"id": number, "file_name": found.name, **which, **size})
            for (left, top, right, bottom), score, kind in _columns(found.boxes):
                box = [round(side, 2) for side in (left, top, right - left, bottom - top)]
                boxes.append({"image_id": number, "category_id": kind + 1, "bbox": box, "score": round(score, 6)})
        categories = [{"id": kind + 1, "name": name} for kind, name in enumerate(self._names)]
        return {"images": images, "categories": categories, "annotations": boxes}


def _columns(found: Detections) -> Iterator[tuple[list[float], float, int]]:
    return zip(found.boxes.tolist(), found.scores.tolist(), found.classes.tolist(), strict=True)


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

"""A data set with boxes, written in another form."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from lissom.atomic import new_folder
from lissom.data.files import Unreadable, read_bytes, read_image
from lissom.data.names import apart
from lissom.errors import DataError, UsageError, near
from lissom.events import Advanced, Listener, silent
from lissom.tasks.detect.data.opening import Opened, read_all
from lissom.tasks.detect.data.told import Told
from lissom.tasks.detect.data.writing import COCO_IMAGES, Out, write_coco, write_voc, write_yolo

Form = Literal["yolo", "coco", "voc"]
Images = Literal["copy", "link"]
CHUNK = 256  # pictures between two events


class _Writer(NamedTuple):
    write: Callable[[Path, Opened, list[Out]], None]
    folder: Callable[[str], str]
    """Of the pictures of a part."""


FORMS: dict[str, _Writer] = {
    "yolo": _Writer(write_yolo, lambda part: f"images/{part or 'train'}"),
    "coco": _Writer(write_coco, lambda part: f"{COCO_IMAGES}/{part or 'default'}"),
    "voc": _Writer(write_voc, lambda part: "JPEGImages"),
}


def convert(
    source: str | Path,
    *,
    to: str,
    output: Path,
    images: str = "copy",
    cache_dir: Path,
    dry_run: bool = False,
    listener: Listener = silent,
) -> dict[str, Any]:
    """Writes the data set at `source`, as `open_pictures` reads it, to the new folder `output`, with its pictures.

    to: `yolo`, `coco` or `voc`. images: `copy`, or `link`: a second name of the same file. Returns plain data: `name`,
    `to`, `output`, `pictures`, `boxes`, `parts`, `classes`, `renamed`: pictures whose name another one has, `left_out`:
    boxes for which the form has no word, `notes` and `warnings`: sentences.
    Raises: UsageError for another form and for an `output` that exists, DataError for labels that cannot be right and
    pictures that cannot be read, MachineError where nothing can be written; `output` is then not there.
    """
    _require_known("to", to, tuple(FORMS))
    _require_known("images", images, get_args(Images))
    if os.path.lexists(output):
        raise UsageError("convert-exists", path=output)
    told = Told()
    opened = read_all(source, cache_dir=cache_dir, told=told, listener=listener)
    _require_readable(opened)
    outs, renamed = _outs(opened, to)
    if to == "yolo":
        opened = _without_crowds(opened)
    if not dry_run:
        with new_folder(Path(output)) as folder:
            _put_all(folder, opened, outs, images, listener)
            FORMS[to].write(folder, opened, outs)
    return _report(opened, told, to, Path(output), renamed)


def _report(opened: Opened, told: Told, to: str, output: Path, renamed: int) -> dict[str, Any]:
    left_out = told.counted("crowd") + told.counted("difficult") if to == "yolo" else 0
    return {
        "name": opened.raw.name,
        "to": to,
        "output": str(output),
        "pictures": len(opened.pictures),
        "boxes": len(opened.pictures.classes),
        "parts": {part or "-": count for part, count in sorted(Counter(opened.parts.tolist()).items())},
        "classes": list(opened.raw.class_names),
        "renamed": renamed,
        "left_out": left_out,
        "notes": list(map(str, told.notes)),
        "warnings": list(map(str, told.warnings)),
    }


def _require_known(name: str, got: str, known: tuple[str, ...]) -> None:
    if got not in known:
        raise UsageError("convert-unknown", name=name, got=got, near=near(got, known))


def _require_readable(opened: Opened) -> None:
    """Raises: DataError for the first picture whose size is not known: it cannot be read."""
    for index in np.flatnonzero(opened.pictures.sizes[:, 0] == 0)[:1]:
        read_image(opened.pictures.files[index], name=str(opened.pictures.files[index]))


def _outs(opened: Opened, to: str) -> tuple[list[Out], int]:
    """Where each picture goes, under its own name unless another one of the folder has it; and how many are renamed.

    In Pascal VOC a picture that stands in two parts is one file.
    """
    taken: dict[str, set[str]] = {}
    made: dict[tuple[str, Path], Out] = {}
    outs, renamed = [], 0
    for file, part in zip(opened.pictures.files, opened.parts.tolist(), strict=True):
        folder = FORMS[to].folder(part)
        known = made.get((folder, file))
        if known is None:
            stems = taken.setdefault(folder, set())
            stem = apart(file.stem, stems)
            renamed += stem != file.stem
            stems |= {stem}
            known = made[folder, file] = Out(folder, stem, file.suffix, part)
        outs.append(known._replace(part=part))
    return outs, renamed


def _without_crowds(opened: Opened) -> Opened:
    """Without boxes around several objects: in YOLO's form they would be objects."""
    pictures, kept = opened.pictures, ~opened.pictures.crowd
    owner = np.repeat(np.arange(len(pictures)), np.diff(pictures.starts))[kept]
    starts = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(pictures)))]).astype(np.int64)
    boxes, classes, crowd = pictures.boxes[kept], pictures.classes[kept], pictures.crowd[kept]
    return replace(opened, pictures=replace(pictures, boxes=boxes, classes=classes, crowd=crowd, starts=starts))


def _put_all(folder: Path, opened: Opened, outs: list[Out], images: str, listener: Listener) -> None:
    for number, (file, out) in enumerate(zip(opened.pictures.files, outs, strict=True), 1):
        path = folder / out.image
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _put(file, path, images)
        if number % CHUNK == 0 or number == len(outs):
            listener(Advanced(what="images", done=number, total=len(outs)))


def _put(file: Path, path: Path, images: str) -> None:
    if images == "link":
        os.link(file.resolve(), path)
        return
    try:
        content = read_bytes(file)
    except Unreadable as error:
        raise DataError("image-unreadable", path=file, reason=error) from error
    path.write_bytes(content)

"""What is wrong with pictures and their boxes, said before an hour is lost on them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lissom.config import cache_folder
from lissom.errors import DataError
from lissom.events import Listener, Note, note, silent
from lissom.tasks.detect.data.alike import copies, doubled
from lissom.tasks.detect.data.looking import Seen, see_all
from lissom.tasks.detect.data.opening import Opened, read_all, require_trainable
from lissom.tasks.detect.data.overview import draw_overview
from lissom.tasks.detect.data.statistics import class_rows, missing, part_rows, picture_sizes, scaled, statistics
from lissom.tasks.detect.data.told import Told

TINY = 3.0  # pixels of a side at the training size: less is gone after the first steps
FEW = 20  # training boxes of a class
IMBALANCE = 100  # largest class to smallest: boxes are far less even than photos of classes
LISTED = 5  # names in one sentence
LISTED_FAULTS = 100


class CheckOptions(Protocol):
    """What is asked of the settings of a check."""

    @property
    def resolution(self) -> int:
        """Side of the square that pictures are fitted into, pixels."""
        ...

    @property
    def cache_dir(self) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class _Examined:
    """Whatever the report is made of."""

    opened: Opened
    told: Told
    seen: list[Seen]
    tiny: NDArray[np.int64]
    twice: NDArray[np.int64]
    turned: NDArray[np.int64]
    alike: dict[str, list[list[str]]]
    lacking: dict[str, list[str]]


def check(
    path: str | Path, options: CheckOptions, *, picture: Path | None = None, listener: Listener = silent
) -> dict[str, Any]:
    """Reads all labels and decodes every picture of `path` (as `open_pictures`), and reports plain data:

    `name`, `pictures`, `boxes`, `trainable`; `parts`: pictures, boxes and pictures without boxes in each; `classes`:
    for each its boxes in each part, its pictures, and the middle of its longer sides at the training size; `sizes` of
    pictures in pixels; `statistics` of boxes, `resolution`: that they are for; `missing`: classes without boxes, by
    part; `tiny`, `doubled`: boxes too small at that size, and those that are there twice in a picture; `rotated`:
    pictures that EXIF turns under labels that do not say for which way; `counts`: by what was counted while reading;
    `duplicates`: groups of names with equal pixels `within` a part and `between` parts, and of nearly equal ones
    between parts, `near`; `broken`: name and reason of each unreadable picture and of each label that cannot be right;
    `notes`, `warnings`: sentences. `picture`: where to write some pictures with their boxes and their statistics (PNG).
    Raises: DataError where there is nothing to look at.
    """
    told = Told(collect=True)
    opened = read_all(path, cache_dir=cache_folder(options.cache_dir), told=told, listener=listener)
    seen = see_all(opened.pictures, listener)
    boxes = scaled(opened.pictures, options.resolution)
    sides = boxes[:, 2:] - boxes[:, :2]
    found = _Examined(
        opened=opened,
        told=told,
        seen=seen,
        tiny=np.flatnonzero(sides.min(1, initial=np.inf) < TINY),
        twice=doubled(opened.pictures),
        turned=_turned(opened),
        alike=copies(opened, seen),
        lacking=missing(opened),
    )
    if picture:
        draw_overview(opened, boxes, picture, resolution=options.resolution, first=found.turned.tolist())
    return _report(found, boxes, path, options.resolution)


def _report(found: _Examined, boxes: NDArray[np.float64], path: str | Path, resolution: int) -> dict[str, Any]:
    opened, told = found.opened, found.told
    broken = _broken(found)
    problem = _untrainable(opened, path)
    report = {
        "name": opened.raw.name,
        "pictures": len(opened.pictures),
        "boxes": len(opened.pictures.classes),
        "parts": part_rows(opened),
        "classes": class_rows(opened, boxes),
        "sizes": picture_sizes(opened),
        "resolution": resolution,
        "statistics": statistics(opened, boxes),
        "missing": found.lacking,
        "tiny": len(found.tiny),
        "doubled": len(found.twice),
        "rotated": len(found.turned),
        "counts": told.counts,
        "duplicates": found.alike,
        "broken": broken,
        "trainable": not problem and not broken,
    }
    warnings = [*([problem] if problem else []), *told.warnings, *_warnings(found, report)]
    return {**report, "notes": list(map(str, told.notes)), "warnings": list(map(str, warnings))}


def _broken(found: _Examined) -> list[dict[str, str]]:
    names = found.opened.pictures.names
    pictures = [
        {"name": name, "reason": seen.reason} for name, seen in zip(names, found.seen, strict=True) if seen.reason
    ]
    faults = [
        {"name": str(fault.values.get("path", "")), "line": fault.values.get("line"), "reason": str(fault)}
        for fault in found.told.faults[:LISTED_FAULTS]
    ]
    return [*pictures, *faults]


def _untrainable(opened: Opened, path: str | Path) -> str | None:
    try:
        require_trainable(opened, path)
    except DataError as error:
        return str(error)
    return None


def _turned(opened: Opened) -> NDArray[np.int64]:
    """Pictures with boxes that EXIF turns where nothing tells for which way round their labels are: a quarter is known
    from a size that the labels state."""
    boxes = np.diff(opened.pictures.starts)
    told = [
        look.orientation != 1 and bool(boxes[index]) and not (picture.declared[0] and look.orientation >= 5)
        for index, (picture, look) in enumerate(zip(opened.raw.pictures, opened.looks, strict=True))
    ]
    return np.flatnonzero(told)


def _warnings(found: _Examined, report: dict[str, Any]) -> list[Note]:
    """Everything worth knowing beside what was told while reading; only what was found."""
    opened, names = found.opened, found.opened.pictures.names
    between, within, near = (report["duplicates"][kind] for kind in ("between", "within", "near"))
    trained = {row["class"]: sum(row.get(part, 0) for part in ("train", "boxes")) for row in report["classes"]}
    few = [name for name, count in trained.items() if 0 < count < FEW]
    cases = [
        ("faults", found.told.faults[LISTED_FAULTS:], {}),
        ("between", between, {"files": _listed(" = ".join(group[:3]) for group in between)}),
        ("near", near, {"files": _listed(" ~ ".join(group) for group in near)}),
        ("within", within, {"files": _listed(" = ".join(group[:3]) for group in within)}),
        ("rotated", found.turned, {"files": _listed(names[index] for index in found.turned)}),
        ("tiny", found.tiny, {"files": _boxes(opened, found.tiny), "side": f"{TINY:g}", "size": report["resolution"]}),
        ("doubled", found.twice, {"files": _boxes(opened, found.twice)}),
        ("few", few, {"files": _listed(few), "few": FEW}),
        *(("missing", classes, {"files": _listed(classes), "part": part}) for part, classes in found.lacking.items()),
    ]
    said = [note(f"boxes.check-{kind}", count=len(these), **values) for kind, these, values in cases if len(these)]
    counts = [count for count in trained.values() if count]
    if counts and max(counts) >= IMBALANCE * min(counts):
        said.append(note("boxes.check-imbalance", ratio=f"{max(counts) / min(counts):.0f}"))
    return said


def _boxes(opened: Opened, indices: NDArray[np.int64]) -> str:
    """Where boxes are written, `file:line`."""
    owners = np.searchsorted(opened.pictures.starts, indices[: LISTED + 1], side="right") - 1
    lines = [
        f"{opened.raw.pictures[owner].where}:{opened.lines[index]}"
        for owner, index in zip(owners, indices[:LISTED], strict=False)
    ]
    return ", ".join(lines) + (f", +{len(indices) - LISTED}" if len(indices) > LISTED else "")


def _listed(names: Any) -> str:
    names = list(map(str, names))
    return ", ".join(names[:LISTED]) + (f", +{len(names) - LISTED}" if len(names) > LISTED else "")

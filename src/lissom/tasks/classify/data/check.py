"""What is wrong with a folder of images, said before an hour is lost on it."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lissom.data.files import Pixels, Unreadable, decode
from lissom.data.left_out import HARMLESS
from lissom.data.scales import Scales
from lissom.data.side_by_side import look_at_each
from lissom.device import usable_cores
from lissom.errors import DataError
from lissom.events import Advanced, Listener, silent
from lissom.messages import text
from lissom.tasks.classify.data.contact import draw_sheet
from lissom.tasks.classify.data.depth import Deep, clipped_notes, decide, find_deep, found_notes, rare_notes
from lissom.tasks.classify.data.depth import report as depth_report
from lissom.tasks.classify.data.sources import Digits, Source, open_source
from lissom.tasks.classify.data.splits import check_trainable, part_counts
from lissom.tasks.classify.data.told import left_out

IMBALANCE = 3  # largest class to smallest: from here on it is worth a warning
FEW = 20  # training images of a class
TINY = 16  # pixels
LISTED = 5  # names in one sentence


@dataclass(frozen=True)
class Look:
    """One image seen: width, height, Pillow's mode and a hash of its pixels; or the reason why not."""

    width: int = 0
    height: int = 0
    mode: str = ""
    pixels: bytes = b""
    reason: str = ""


def check(spec: str, *, cache_dir: Path, picture: Path | None = None, listener: Listener = silent) -> dict[str, Any]:
    """Decodes every image of `spec` (as `DataConfig.data`) and reports plain data:

    `name`, `images`, `trainable`; `classes`: counts by part for each class; `sizes` in pixels, `modes`; `depth`: of
    images with more than 8 bits, by kind, what they hold and what a training scales them by; `broken`: name
    and reason of each unreadable file; `ignored`: files that are not used, `left_out`: how many for each reason;
    `empty`: class folders without images; `notes`: sentences on files of no consequence;
    `duplicates`: groups of names with equal pixels `within` a part and `between` parts; `imbalance`: largest training
    class to smallest; `warnings`: sentences. `picture`: where to write a contact sheet (PNG).
    Raises: DataError where there is nothing to look at, as for a path that does not exist.
    """
    source = open_source(spec, cache_dir=cache_dir)
    deep, scales = _scaled(source, cache_dir, listener)
    looks = look_at_all(source, listener)
    report = {
        "name": source.name,
        "images": len(source.names),
        "classes": _classes(source),
        "sizes": _sizes(looks),
        "modes": dict(Counter(look.mode for look in looks if not look.reason).most_common()),
        "depth": depth_report(deep, scales),
        "broken": [
            {"name": name, "reason": look.reason} for name, look in zip(source.names, looks, strict=True) if look.reason
        ],
        "ignored": [left.name for left in source.left_out],
        "left_out": {reason: told.values["count"] for reason, told in left_out(source).items()},
        "empty": list(source.empty),
        "duplicates": _duplicates(source, looks),
        "imbalance": _imbalance(source),
    }
    problem = _untrainable(source)
    told = map(str, (*rare_notes(deep, scales), *clipped_notes(deep, scales)))
    warnings = [*([problem] if problem else []), *told, *_warnings(source, report, looks)]
    if picture:
        draw_sheet(source, picture, usable=np.array([not look.reason for look in looks]))
    harmless = (told for reason, told in left_out(source).items() if reason in HARMLESS)
    notes = [*source.notes, *found_notes(deep, scales), *harmless]
    trainable = not problem and not report["broken"]
    return {**report, "trainable": trainable, "warnings": warnings, "notes": list(map(str, notes))}


def _scaled(source: Source, cache_dir: Path, listener: Listener) -> tuple[list[Deep], Scales]:
    """The images of more than 8 bits, and what a training would scale them by, as the source now does."""
    workers = usable_cores()
    content = source.content(cache_dir, listener, workers=workers)
    deep = find_deep(source, content, cache_dir / "images", workers=workers, listener=listener)
    source.scales = decide(deep)
    return deep, source.scales


def look_at_all(source: Source, listener: Listener = silent) -> list[Look]:
    """A look at each image of the source, in order."""
    looks: list[Look] = []
    total = len(source.names)
    for some in look_at_each(partial(_look, source), total, workers=usable_cores()):
        looks += some
        listener(Advanced(what="images", done=len(looks), total=total))
    return looks


def _look(source: Source, index: int) -> Look:
    try:
        data = source.read(index)
        if isinstance(data, bytes):
            pixels, mode, _ = decode(data, channels=source.channels, scales=source.scales)
        else:
            pixels, mode = data, ""
    except Unreadable as error:
        return Look(reason=str(error))
    return Look(pixels.shape[1], pixels.shape[0], mode or ("L" if source.channels == 1 else "RGB"), _hash(pixels))


def _hash(pixels: Pixels) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16, key=repr(pixels.shape).encode()).digest()


def _classes(source: Source) -> dict[str, dict[str, int]]:
    counts = part_counts(source)
    return {
        name: {part or "images": int(of_class[number]) for part, of_class in counts.items()}
        for number, name in enumerate(source.class_names)
    }


def _sizes(looks: list[Look]) -> dict[str, int]:
    """Smallest, middle and largest width and height; empty where no image could be read."""
    sides = np.array([(look.width, look.height) for look in looks if not look.reason])
    if not len(sides):
        return {}
    result = {}
    for name, values in zip(("width", "height"), sides.T, strict=True):
        result |= {
            f"min_{name}": int(values.min()),
            f"median_{name}": int(np.median(values)),
            f"max_{name}": int(values.max()),
        }
    return result


def _duplicates(source: Source, looks: list[Look]) -> dict[str, list[list[str]]]:
    """Groups of images with equal pixels, all in one part, or in more than one."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for index, look in enumerate(looks):
        if not look.reason:
            groups[look.pixels].append(index)
    result: dict[str, list[list[str]]] = {"within": [], "between": []}
    for group in groups.values():
        if len(group) > 1:
            key = "between" if len({str(source.parts[index]) for index in group}) > 1 else "within"
            result[key].append([source.names[index] for index in group])
    return result


def _imbalance(source: Source) -> float:
    counts = part_counts(source)
    training = next((counts[part] for part in ("train", "") if part in counts), np.zeros(1, np.int64))
    smallest = int(training.min())
    return round(int(training.max()) / smallest, 2) if smallest else float(training.max())


def _untrainable(source: Source) -> str | None:
    try:
        check_trainable(source)
    except DataError as error:
        return str(error)
    return None


def _warnings(source: Source, report: dict[str, Any], looks: list[Look]) -> list[str]:
    """Everything worth knowing, as sentences; only what was found."""
    between, within = report["duplicates"]["between"], report["duplicates"]["within"]
    labelled = _two_labels(source, looks)
    small = [
        name for name, counts in report["classes"].items() if 0 < counts.get("train", counts.get("images", 0)) < FEW
    ]
    tiny = [
        n
        for n, look in zip(source.names, looks, strict=True)
        if not look.reason and min(look.width, look.height) < TINY
    ]
    warnings = [
        (report["broken"], "check-broken", {"files": _listed(entry["name"] for entry in report["broken"])}),
        (between, "check-leak", {"files": _listed(" = ".join(group[:3]) for group in between)}),
        (labelled, "check-two-labels", {"files": _listed(" = ".join(group[:3]) for group in labelled)}),
        (within, "check-duplicates", {"files": _listed(" = ".join(group[:3]) for group in within)}),
        (small, "check-few", {"files": _listed(small), "few": FEW}),
        (tiny if not isinstance(source, Digits) else [], "check-tiny", {"files": _listed(tiny), "tiny": TINY}),
    ]
    sentences = [text(f"data.{key}", count=len(cases), **values) for cases, key, values in warnings if cases]
    sentences += [str(told) for reason, told in left_out(source).items() if reason not in HARMLESS]
    if report["imbalance"] >= IMBALANCE:
        sentences.append(text("data.check-imbalance", ratio=f"{report['imbalance']:g}"))
    return sentences


def _two_labels(source: Source, looks: list[Look]) -> list[list[str]]:
    """Groups of equal images that stand in more than one class."""
    groups: dict[bytes, dict[int, str]] = defaultdict(dict)
    for name, label, look in zip(source.names, source.labels.tolist(), looks, strict=True):
        if not look.reason:
            groups[look.pixels].setdefault(label, name)
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f", +{len(names) - LISTED}" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more

"""Which files are images of which class and part, by the folders that they stand in."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from lissom.data.files import is_image_name
from lissom.errors import DataError

PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


@dataclass(frozen=True)
class Layout:
    """Images of class folders, and the files and class folders without any.

    `parts` holds "train", "val", "test" or "" where the images are not in parts.
    """

    class_names: tuple[str, ...]
    names: list[str]
    items: list[str]
    """The names without the folders that enclose all images."""
    labels: NDArray[np.int64]
    parts: NDArray[np.str_]
    skipped: list[str]
    empty: list[str]


def arrange(names: Iterable[str], folders: Iterable[str], *, where: str) -> Layout:
    """Class and part of each image of `names`, which may all stand in one or more enclosing folders.

    `train/class/image` with `val|valid|validation/` or `test/` beside it, or `class/image`; deeper folders belong to
    their class. `where` names the source in errors. Raises: DataError where there is no image in a class folder.
    """
    names = list(names)
    images = [name for name in names if is_image_name(name)]
    prefix = _enclosing(images)
    in_parts = any(_folder(name, prefix)[:1] == ("train",) and len(_folder(name, prefix)) > 1 for name in images)
    rows, skipped = [], sorted(set(names) - set(images))
    for name in images:
        folder = _folder(name, prefix)
        part = PARTS.get(folder[0]) if in_parts and folder else ""
        if part is None or len(folder) < 1 + in_parts:  # beside the parts, or beside the class folders
            skipped.append(name)
        else:
            rows.append((part, folder[int(in_parts)], name))
    if not rows:
        raise DataError("data-no-images", path=where)
    rows.sort()
    found = {(part, label) for part, label, _ in rows}
    empty = [f"{part}/{label}".lstrip("/") for part, label in _class_folders(folders, prefix, in_parts) - found]
    class_names = tuple(sorted({label for _, label in found}))
    numbers = {name: number for number, name in enumerate(class_names)}
    labels = np.array([numbers[label] for _, label, _ in rows], np.int64)
    parts = np.array([row[0] for row in rows], np.str_)
    chosen = [name for _, _, name in rows]
    items = ["/".join(PurePosixPath(name).parts[prefix:]) for name in chosen]
    return Layout(class_names, chosen, items, labels, parts, sorted(skipped), sorted(empty))


def _folder(name: str, prefix: int) -> tuple[str, ...]:
    """The folders that an image stands in, without the first `prefix`."""
    return PurePosixPath(name).parts[prefix:-1]


def _enclosing(images: list[str]) -> int:
    """How many folders enclose all images and are neither a part nor the only class."""
    depth = 0
    folders = [PurePosixPath(name).parts[:-1] for name in images]
    while folders and all(len(f) > depth + 1 and f[depth] == folders[0][depth] for f in folders):
        if folders[0][depth] in PARTS:
            break
        depth += 1
    return depth


def _class_folders(folders: Iterable[str], prefix: int, in_parts: bool) -> set[tuple[str, str]]:
    """(part, class) of each folder at the depth of the classes, empty ones included."""
    found = set()
    for folder in folders:
        parts = PurePosixPath(folder).parts[prefix:]
        if len(parts) == 1 + in_parts and (not in_parts or parts[0] in PARTS):
            found.add((PARTS[parts[0]] if in_parts else "", parts[-1]))
    return found

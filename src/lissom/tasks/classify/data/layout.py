"""Which files are images of which class and split, by the folders that they stand in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.data.files import is_image_name
from lissom.data.left_out import LeftOut, Reason, first, no_images
from lissom.errors import DataError
from lissom.tasks.classify.data.parts import NamePath, are_parts, part_of, parts_at


class Row(NamedTuple):
    """An image: its split, "" where there are none, its class, its name, and what it is called wherever it lies."""

    part: str
    label: str
    name: str
    item: str


@dataclass(frozen=True)
class Layout:
    """Images of classes, what is not used, and the class folders without images.

    `parts` holds "train", "val", "test" or "" where the images are in no splits. `items`: the names without the folders
    that enclose all images.
    """

    class_names: tuple[str, ...]
    names: list[str]
    items: list[str]
    labels: NDArray[np.int64]
    parts: NDArray[np.str_]
    left_out: list[LeftOut]
    empty: list[str]

    @classmethod
    def of(cls, rows: Iterable[Row], left_out: Iterable[LeftOut], empty: Iterable[str] = ()) -> "Layout":
        """The rows in order of split, class and name; classes in alphabetical order."""
        rows = sorted(rows)
        class_names = tuple(sorted({row.label for row in rows}))
        numbers = {name: number for number, name in enumerate(class_names)}
        return cls(
            class_names,
            [row.name for row in rows],
            [row.item for row in rows],
            np.array([numbers[row.label] for row in rows], np.int64),
            np.array([row.part for row in rows], np.str_),
            sorted(left_out),
            sorted(empty),
        )


def arrange(names: Iterable[str], folders: Iterable[str], *, where: str) -> Layout:
    """Class and split of each image of `names`, which may all stand in one or more enclosing folders.

    `class/image`, or `train/class/image` with other splits beside it, or `class/train/image`; deeper folders belong to
    their class. `where` names the source in errors. Raises: DataError where there is no image in a class folder.
    """
    names = list(names)
    images = {name: tuple(name.split("/")) for name in names if is_image_name(name)}
    root = _root(list(images.values()))
    inner = {name: path[len(root) :] for name, path in images.items() if path[: len(root)] == root}
    reader = _reader([path for path in inner.values() if len(path) > 1])
    left, rows = no_images(names), []
    for name in images:
        found = reader.read(inner[name]) if name in inner else "stray"
        if isinstance(found, str):
            left.append(LeftOut(name, found))
        else:
            rows.append(Row(*found, name, "/".join(inner[name])))
    if not images:
        raise DataError("data-no-images", path=where, left=first(left))
    _require_rows(rows, list(images), where)
    empty = reader.class_folders(folders, root) - {"/".join(filter(None, row[:2])) for row in rows}
    return Layout.of(rows, left, empty)


class _Reader(NamedTuple):
    """How the folders below the root are read."""

    parts: dict[str, str] | None
    """The split of each first folder; None: these are classes."""
    class_first: bool
    """Whether the splits stand in the class folders."""

    def read(self, path: NamePath) -> tuple[str, str] | Reason:
        """Split and class of an image below the root, or why it has none."""
        if self.class_first:
            return (part_of(path[1]) or "", path[0]) if len(path) > 2 else "stray"
        if self.parts is None:
            return ("", path[0]) if len(path) > 1 else "stray"
        part = self.parts.get(path[0], "unused") if len(path) > 1 else "stray"
        if part in ("stray", "unused") or len(path) < 3:
            return "unused" if part == "unused" else "stray"
        return part, path[1]

    def class_folders(self, folders: Iterable[str], root: NamePath) -> set[str]:
        """`split/class` or `class` of each folder at the depth of the classes, empty ones included."""
        found = set()
        for folder in folders:
            path = tuple(folder.split("/"))
            if path[: len(root)] != root:
                continue
            path = path[len(root) :]
            if self.parts is None and len(path) == 1 and not self.class_first:
                found.add(path[0])
            elif self.parts and len(path) == 2 and self.parts.get(path[0], "unused") != "unused":
                found.add(f"{self.parts[path[0]]}/{path[1]}")
        return found


def _reader(paths: Sequence[NamePath]) -> _Reader:
    parts = parts_at(paths)
    if parts is not None:
        return _Reader(parts, False)
    within = [part_of(path[1]) if len(path) > 2 else None for path in paths]
    return _Reader(None, "train" in within and all(part not in (None, "unused") for part in within))


def _root(images: Sequence[NamePath]) -> NamePath:
    """The folders that enclose the class folders or the splits; an image beside one of these is a stray."""
    root: NamePath = ()
    while True:
        below = [path[len(root) :] for path in images if path[: len(root)] == root and len(path) > len(root) + 1]
        if len({path[0] for path in below}) != 1:
            return root
        inner = [path[1:] for path in below]
        deep = sum(len(path) > 1 for path in inner)
        if 2 * deep <= len(inner):  # the only class: few of its images stand deeper, or none
            return root
        if part_of(below[0][0]) == "train" and parts_at(inner) is None:
            return root
        root += below[0][:1]


def _require_rows(rows: list[Row], images: list[str], where: str) -> None:
    """Raises: DataError where no image has a class, or where the only classes are splits."""
    if not rows:
        raise DataError("data-flat", path=where, count=len(images), example=min(images))
    labels = {row.label for row in rows}
    if not rows[0].part and len(labels) > 1 and are_parts(labels):
        raise DataError("data-flat-splits", path=where, names=", ".join(sorted(labels)), example=min(images))

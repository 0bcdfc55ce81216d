"""Images and their classes by a list, as CSV or text: a file, its label, and perhaps its split, in each line."""

import csv
import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from lissom.data.files import is_image_name
from lissom.data.left_out import LeftOut, first, no_images
from lissom.errors import DataError
from lissom.tasks.classify.data.layout import Layout, Row
from lissom.tasks.classify.data.parts import part_of

SUFFIXES = (".csv", ".tsv", ".txt", ".lst")
NAMES = {  # of columns, those that say it best first
    "file": "file filename file_name filepath file_path path image image_path image_name image_file img img_path "
    "img_name picture photo image_id img_id id name",
    "label": "label labels class class_name classname category target species breed diagnosis tag y",
    "split": "split set subset partition part usage",
}
SEPARATORS = ("\t", ";", ",")


class Line(NamedTuple):
    """A line of a list."""

    number: int
    file: str
    label: str
    split: str


def is_list(name: str) -> bool:
    """Whether the file's extension is that of a list."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def read_lines(data: bytes, *, where: str) -> list[Line]:
    """The lines of a list: CSV with or without names of columns, or a file and a label with a space between.

    Raises: DataError that names the line and what is missing in it.
    """
    rows = list(_rows(_text(data, where)))
    if not rows:
        raise DataError("list-empty", path=where)
    columns = _columns([cell.strip() for cell in rows[0][1]])
    if columns is None:
        columns = {"file": 0, "label": 1, **({"split": 2} if _has_split(rows) else {})}
    else:
        rows = rows[1:]
    if not rows or columns.keys() < {"file", "label"}:
        raise DataError("list-columns", path=where, got=", ".join(columns) or "-")
    return [_line(number, cells, columns, where) for number, cells in rows]


def _text(data: bytes, where: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return unicodedata.normalize("NFC", data.decode(encoding))
        except UnicodeDecodeError:
            pass
    raise DataError("list-not-text", path=where)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line that is not empty."""
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    separator = next((each for each in SEPARATORS if each in first), None)
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, next(csv.reader([line], delimiter=separator)) if separator else line.strip().rsplit(None, 1)


def _columns(cells: Sequence[str]) -> dict[str, int] | None:
    """Where each column is, by the names in the first line; None where that line names none."""
    given = [cell.casefold().replace(" ", "_").replace("-", "_") for cell in cells]
    best = {column: next((name for name in names.split() if name in given), None) for column, names in NAMES.items()}
    return {column: given.index(name) for column, name in best.items() if name} or None


def _has_split(rows: Sequence[tuple[int, list[str]]]) -> bool:
    return all(len(cells) > 2 and part_of(cells[2]) for _, cells in rows)


def _line(number: int, cells: Sequence[str], columns: Mapping[str, int], where: str) -> Line:
    values = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
    for name in ("file", "label"):
        if not values[name]:
            raise DataError("list-line", path=where, line=number, got=",".join(cells), column=name)
    split = values.get("split", "")
    if "split" in columns and part_of(split) is None:
        raise DataError("list-split", path=where, line=number, got=split)
    return Line(number, values["file"], values["label"], part_of(split) or "")


def listed(lines: Sequence[Line], names: Sequence[str], *, folder: str, where: str) -> Layout:
    """The images of a list among the files `names`, to which `folder` leads, where the list is; "" for its root.

    A name may lack its extension. Other images of the files are left out. Raises: DataError for lines whose files are
    not there, and for one that contradicts another.
    """
    found = _by_path(names)
    paths = [posixpath.normpath(posixpath.join(folder, line.file.replace("\\", "/"))) for line in lines]
    if missing := [line for line, path in zip(lines, paths, strict=True) if path not in found]:
        line = missing[0]
        raise DataError("list-no-file", path=where, line=line.number, got=line.file, count=len(missing))
    rows: dict[str, Row] = {}
    for line, path in zip(lines, paths, strict=True):
        name = found[path]
        row = Row(line.split, line.label, name, "/".join(filter(None, (line.split, line.label, name))))
        if rows.setdefault(name, row) != row:
            raise DataError("list-twice", path=where, line=line.number, got=line.file)
    left = no_images(rows) + [LeftOut(name, "unlisted") for name in names if is_image_name(name) and name not in rows]
    left += [LeftOut(row.name, "unused") for row in rows.values() if row.part == "unused"]
    used = [row for row in rows.values() if is_image_name(row.name) and row.part != "unused"]
    if not used:
        raise DataError("data-no-images", path=where, left=first(left))
    return Layout.of(used, left)


def _by_path(names: Sequence[str]) -> dict[str, str]:
    """The file of each path, with its extension or, where one image alone has that name, without."""
    stems: dict[str, list[str]] = defaultdict(list)
    for name in filter(is_image_name, names):
        stems[posixpath.splitext(name)[0]].append(name)
    return {stem: images[0] for stem, images in stems.items() if len(images) == 1} | {name: name for name in names}

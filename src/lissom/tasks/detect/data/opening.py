"""A data set of pictures with boxes, read, checked and split, whichever program left it."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lissom.data.digests import Look, look_at
from lissom.data.files import read_bytes, read_image
from lissom.data.folders import stamp_of
from lissom.data.left_out import LeftOut
from lissom.data.names import printable
from lissom.device import usable_cores
from lissom.errors import DataError
from lissom.events import Listener, Note, silent
from lissom.tasks.detect.data.pictures import Pictures
from lissom.tasks.detect.data.placing import Placed, place
from lissom.tasks.detect.data.raw import Raw, RawPicture
from lissom.tasks.detect.data.recognise import reader_of
from lissom.tasks.detect.data.splits import Split, rarest, split
from lissom.tasks.detect.data.told import Told
from lissom.training.run import DataUsed, Item, items_digest, parts_digest

CLASSES = "names"  # the item that is the list of classes
USE = "boxes"  # of the index of digests: photos of the same folder may be looked at as classes too


@dataclass(frozen=True, kw_only=True)
class BoxData:
    """A data set in three parts: `train`, `val` (chooses the best weights; may be empty), `test` (read once)."""

    name: str
    source: str
    """As the settings name it."""
    class_names: tuple[str, ...]
    train: Pictures
    val: Pictures
    test: Pictures
    items: dict[str, Item]
    """Pictures with their boxes by their names, and the list of classes."""
    split: Split
    notes: tuple[Note, ...]
    """On how the labels were read."""
    warnings: tuple[Note, ...]
    """What of them should be looked at."""

    @property
    def sizes(self) -> dict[str, int]:
        """Pictures that train, choose and test."""
        return {"train": len(self.train), "val": len(self.val), "test": len(self.test)}

    @property
    def used(self) -> DataUsed:
        """For the run folder."""
        return DataUsed(
            source=self.source,
            digest=items_digest(self.items),
            parts=parts_digest(self.split.train, self.split.val, self.split.test),
            sizes=self.sizes,
            split=self.split.note,
            warnings=self.warnings,
            notes=self.notes,
        )


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A data set before it is split: all its pictures, sorted by name; one that stands in two parts is there twice."""

    raw: Raw
    pictures: Pictures
    looks: list[Look]
    parts: NDArray[np.str_]
    """N: "train", "val", "test" or "": none is said."""
    lines: NDArray[np.int64]
    """M: where each box stands in its picture's file of labels."""


def open_pictures(
    path: str | Path,
    *,
    cache_dir: Path,
    val_fraction: float = 0.1,
    test_fraction: float = 0.1,
    split_seed: int = 0,
    listener: Listener = silent,
) -> BoxData:
    """The data set at `path`, as `reader_of` knows it, in three parts, as `split` makes them.

    `listener` is told of what is left out, and of files read for the first time; what is known of them is kept in
    `cache_dir`.
    Raises: DataError in one line, with the file and the line or object, for labels that cannot be right, for a picture
    that cannot be read, and where nothing could be trained.
    """
    told = Told()
    opened = read_all(path, cache_dir=cache_dir, told=told, listener=listener)
    pictures, parts, names = opened.pictures, opened.parts, opened.raw.class_names
    require_trainable(opened, path)
    parts = _without_unlabelled_test(opened, told)
    rank = rarest(pictures.classes, pictures.starts, len(names))
    made = split(parts, rank, val_fraction=val_fraction, test_fraction=test_fraction, seed=split_seed)
    if not len(made.train) or not len(made.test):
        raise DataError("boxes-too-few", path=path, got=len(pictures))
    for said in (*told.notes, *told.warnings):
        listener(said)
    train, val, test = (pictures.subset(part) for part in (made.train, made.val, made.test))
    return BoxData(
        name=opened.raw.name,
        source=str(path),
        class_names=names,
        train=train,
        val=val,
        test=test,
        items=_items(opened, made),
        split=made,
        notes=told.notes,
        warnings=told.warnings,
    )


def content(path: str | Path, *, cache_dir: Path, listener: Listener = silent) -> Mapping[str, str]:
    """The digest of each item by its name: of a picture's bytes and its boxes, and of the list of classes."""
    return _digests(read_all(path, cache_dir=cache_dir, told=Told(), listener=listener))


def read_all(path: str | Path, *, cache_dir: Path, told: Told, listener: Listener = silent) -> Opened:
    """All pictures and boxes at `path`; faults as `told` takes them. A picture that cannot be read has the size 0."""
    raw = reader_of(path)(told)
    base, names = _named(raw)
    files, workers = _PictureFiles(base, names, raw.pictures), usable_cores()
    looks = look_at(files, names, cache_dir=cache_dir, listener=listener, workers=workers, use=USE)
    placed = place(raw, looks, told)
    pictures = _pictures(raw, names, looks, placed)
    parts = np.array([picture.part for picture in raw.pictures], "U5")
    if both := _shared(names, parts):
        told.count("shared", both[0], len(both))
    return Opened(raw=raw, pictures=pictures, looks=looks, parts=parts, lines=placed.lines)


class _PictureFiles:
    """Pictures wherever they lie, as `look_at` reads files."""

    def __init__(self, root: Path, names: Sequence[str], pictures: Sequence[RawPicture]) -> None:
        self.path, self.names = root, list(names)
        self.folders: set[str] = set()
        self.left_out: list[LeftOut] = []
        self.notes: tuple[Note, ...] = ()
        self._files = {name: picture.file for name, picture in zip(names, pictures, strict=True)}

    def read(self, name: str) -> bytes:
        return read_bytes(self._files[name])

    def stamp(self, name: str) -> str:
        try:
            return stamp_of(os.stat(self._files[name]))
        except OSError:
            return ""


def _named(raw: Raw) -> tuple[Path, tuple[str, ...]]:
    """Sorts the pictures by their names, which begin at the folder of the data, or at the one around all of them."""
    split = [os.path.split(picture.file) for picture in raw.pictures]
    folders = {folder: os.path.abspath(folder) for folder in {folder for folder, _ in split}}
    base = os.path.commonpath([os.path.abspath(raw.root), *folders.values()])
    below = {given: Path(whole).relative_to(base).as_posix() for given, whole in folders.items()}
    names = [printable(name if below[folder] == "." else f"{below[folder]}/{name}") for folder, name in split]
    order = sorted(range(len(names)), key=lambda index: (names[index], raw.pictures[index].part))
    raw.pictures = [raw.pictures[index] for index in order]
    return Path(base), tuple(names[index] for index in order)


def _pictures(raw: Raw, names: tuple[str, ...], looks: Sequence[Look], placed: Placed) -> Pictures:
    return Pictures(
        names=names,
        files=tuple(picture.file for picture in raw.pictures),
        sizes=np.array([look.size for look in looks], np.int32).reshape(-1, 2),
        boxes=placed.boxes,
        classes=placed.classes,
        crowd=placed.crowd,
        starts=placed.starts,
    )


def _shared(names: Sequence[str], parts: NDArray[np.str_]) -> list[str]:
    """Names that stand in more than one part; they are sorted."""
    return sorted({name for name, after in pairwise(names) if name == after})


def require_trainable(opened: Opened, path: str | Path) -> None:
    """Raises: DataError for a picture that cannot be read, for none that train, and for none with a box."""
    unreadable = np.flatnonzero(opened.pictures.sizes[:, 0] == 0)
    for index in unreadable[:1]:
        read_image(opened.pictures.files[index], name=str(opened.pictures.files[index]))  # raises, with the reason
    trained = (opened.parts == "train") | (opened.parts == "")
    if not trained.any():
        raise DataError("boxes-no-train", path=path, got=", ".join(sorted(set(opened.parts.tolist()))))
    if not np.diff(opened.pictures.starts)[trained].any():
        raise DataError("boxes-none", path=path)


def _without_unlabelled_test(opened: Opened, told: Told) -> NDArray[np.str_]:
    """The parts without a test set that has no box at all: its labels were not published."""
    parts, boxes = opened.parts, np.diff(opened.pictures.starts)
    test = parts == "test"
    if not test.any() or boxes[test].any():
        return parts
    told.count("test-unlabelled", opened.pictures.names[int(np.flatnonzero(test)[0])], int(test.sum()))
    return np.where(test, "-", parts)


def _digests(opened: Opened) -> dict[str, str]:
    """Of a picture: of its bytes and of its boxes, in whichever order they stand."""
    pictures, found = opened.pictures, {}
    owner = np.repeat(np.arange(len(pictures)), np.diff(pictures.starts))
    order = np.lexsort([*pictures.boxes.T, pictures.crowd, pictures.classes, owner])
    rows = np.column_stack([pictures.classes, pictures.crowd, pictures.boxes]).astype("<f4")[order]
    for index, (name, look) in enumerate(zip(pictures.names, opened.looks, strict=True)):
        own = rows[pictures.starts[index] : pictures.starts[index + 1]]
        found[name] = hashlib.blake2b(look.digest.encode() + own.tobytes(), digest_size=16).hexdigest()
    classes = hashlib.blake2b(repr(opened.raw.class_names).encode(), digest_size=16).hexdigest()
    return {**found, CLASSES: classes}


def _items(opened: Opened, made: Split) -> dict[str, Item]:
    """With the part that a picture is in; "" where it is in several."""
    parts: dict[str, set[str]] = {}
    for part in ("train", "val", "test"):
        for index in getattr(made, part).tolist():
            parts.setdefault(opened.pictures.names[index], set()).add(part)
    return {
        name: Item(digest, next(iter(parts[name])) if len(parts.get(name, ())) == 1 else "")
        for name, digest in _digests(opened).items()
    }

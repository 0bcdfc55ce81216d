"""Data sets in YOLO's form: pictures in folders or lists, and a text file of boxes for each."""

import os
from collections.abc import Iterable
from pathlib import Path

from lissom.data.files import is_image_name
from lissom.errors import DataError
from lissom.tasks.detect.data.description import Description, Entry, read_darknet, read_yaml, require_names
from lissom.tasks.detect.data.locating import Shelf, images_below, part_of, read_names, read_words
from lissom.tasks.detect.data.raw import Raw, RawPicture
from lissom.tasks.detect.data.rows import read_rows
from lissom.tasks.detect.data.told import Told

IMAGE_FOLDERS = ("images", "jpegimages")  # whose labels stand in `labels`
CLASS_FILES = ("classes.txt", "predefined_classes.txt", "obj.names", "classes.names")
NOT_LABELS = frozenset({*CLASS_FILES, "labelmap.txt", "train.txt", "val.txt", "valid.txt", "test.txt", "readme.txt"})
NOT_LABELS_STEMS = ("readme.",)  # README.roboflow.txt, README.dataset.txt


def read_described(file: Path, told: Told) -> Raw:
    """The data set that a data.yaml or obj.data describes. Raises: DataError."""
    described = read_darknet(file) if file.suffix.lower() == ".data" else read_yaml(file)
    shelf, pictures = Shelf(), []
    for part, entries in described.parts.items():
        found = [path for entry in entries for path in _images(described, entry, shelf, told)]
        if not found and part == "train":
            given = ", ".join(entry.given for entry in entries)
            raise DataError("boxes-no-images", path=Path(described.root, given), file=file, line=entries[0].line)
        pictures += [RawPicture(image, part) for image in _once(found, told)]
    _read_labels(pictures, described.class_names, shelf, told, keypoints=described.keypoints)
    generic = file.stem.lower() in ("data", "dataset", "obj")
    name = file.resolve().parent.name if generic else file.stem
    return Raw(name=name, root=described.root, class_names=described.class_names, pictures=pictures, relative=True)


def read_bare(folder: Path, classes: Path, told: Told) -> Raw:
    """Pictures and labels below a folder, where `classes` lists the names of the classes and nothing tells the parts
    but folders. Raises: DataError."""
    names = require_names(read_names(classes), None, classes)
    if not names:
        raise DataError("boxes-no-names", path=classes)
    pictures = [
        RawPicture(image, part_of(reversed(image.relative_to(folder).parent.parts))) for image in images_below(folder)
    ]
    if not pictures:
        raise DataError("boxes-no-images", path=folder, file=folder, line=1)
    _read_labels(pictures, names, Shelf(), told, keypoints=False)
    return Raw(name=folder.resolve().name, root=folder, class_names=names, pictures=pictures, relative=True)


def find_classes(folder: Path) -> Path | None:
    """The list of class names in a folder, among its labels, or in a folder below."""
    below = sorted(each for each in folder.iterdir() if each.is_dir())
    for place in (folder, *below, *(deeper for each in below for deeper in sorted(each.iterdir()) if deeper.is_dir())):
        names = Shelf().names(str(place))
        if name := next((names[name] for name in CLASS_FILES if name in names), None):
            return place / name
    return None


def label_place(image: Path) -> tuple[str, str]:
    """Folder and name of a picture's label file: the last folder `images` of its path is replaced by `labels`."""
    parts = [*image.parent.parts]
    for index in reversed(range(len(parts))):
        if parts[index].lower() in IMAGE_FOLDERS:
            parts[index] = "labels"
            break
    return os.path.join(*parts) if parts else "", f"{image.stem}.txt"


def _images(described: Description, entry: Entry, shelf: Shelf, told: Told) -> list[Path]:
    """The pictures of a folder, of a list, or one picture."""
    place = _place(described, entry, shelf, told)
    if place.is_dir():
        return images_below(place)
    if is_image_name(place.name):
        return [place]
    found, base = [], described.root
    for number, line in enumerate(read_words(place).splitlines(), 1):
        if not line.strip():
            continue
        here = place.parent if line.strip().startswith(("./", ".\\")) else base
        image, moved = shelf.below(here, line)
        if image is None and here != place.parent:
            image, moved = shelf.below(place.parent, line)
        if image is None:
            told.count("images-missing", f"{place}:{number} ({line.strip()})")
            continue
        if moved:
            told.count("relocated", f"{line.strip()} -> {image}")
        found.append(image)
    return found


def _place(described: Description, entry: Entry, shelf: Shelf, told: Told) -> Path:
    """Where a part is; as Roboflow writes it, `../train/images`, it stands beside the file instead.

    Raises: DataError that names the path that was looked at.
    """
    given = entry.given.replace("\\", "/")
    whole = Path(described.root, given).expanduser()
    if whole.exists():
        return whole
    parts = [part for part in Path(given).parts if part not in ("/", ".", "..")]
    for base in dict.fromkeys((described.root, described.file.parent)):
        for skip in range(len(parts)):
            place = Path(base, *parts[skip:])
            if place.exists():
                told.count("relocated", f"{given} -> {place}")
                return place
    raise DataError(
        "boxes-path-missing", path=described.file, line=entry.line, got=entry.given, looked=os.path.normpath(whole)
    )


def _once(images: Iterable[Path], told: Told) -> list[Path]:
    """Each picture once."""
    kept: dict[Path, None] = {}
    for image in images:
        if image in kept:
            told.count("listed-twice", str(image))
        kept[image] = None
    return list(kept)


def _read_labels(
    pictures: list[RawPicture], names: tuple[str, ...], shelf: Shelf, told: Told, *, keypoints: bool
) -> None:
    """Gives each picture the rows of its label file; one without is background."""
    folders: dict[str, set[str]] = {}
    for picture in pictures:
        folder, name = label_place(picture.file)
        label = shelf.file(os.path.join(folder, name)) or shelf.file(os.path.join(picture.file.parent, name))
        folder = str(label.parent) if label else folder
        folders.setdefault(folder, set()).add(picture.file.stem.casefold())
        if label is None:
            told.count("background", str(picture.file))
            continue
        picture.where = str(label)
        picture.rows = read_rows(label, num_classes=len(names), keypoints=keypoints, told=told)
        if not picture.rows:
            told.count("background", str(picture.file))
    _count_orphans(pictures, folders, shelf, told)


def _count_orphans(pictures: list[RawPicture], folders: dict[str, set[str]], shelf: Shelf, told: Told) -> None:
    """Label files of pictures that are not there."""
    used = {picture.where for picture in pictures}
    for folder, stems in folders.items():
        for name in sorted(set(shelf.names(folder).values())):
            label = os.path.join(folder, name)
            if not name.lower().endswith(".txt") or name.lower() in NOT_LABELS or label in used:
                continue
            if os.path.splitext(name)[0].casefold() not in stems and not name.lower().startswith(NOT_LABELS_STEMS):
                told.count("labels-without-image", label)

"""Which kind of data set stands at a path, and its reader."""

import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lissom.data.archives import is_archive
from lissom.data.files import is_image_name
from lissom.data.folders import FolderFiles
from lissom.data.names import is_writable, printable
from lissom.errors import DataError, DataMissing, MachineError
from lissom.tasks.detect.data.coco import is_coco, read_coco
from lissom.tasks.detect.data.locating import read_words
from lissom.tasks.detect.data.raw import Raw
from lissom.tasks.detect.data.told import Told
from lissom.tasks.detect.data.voc import is_voc, read_voc
from lissom.tasks.detect.data.yolo import find_classes, read_bare, read_described

YAML = (".yaml", ".yml")
LARGEST = 1 << 16  # bytes of an obj.data, which has a hundred
TRIED = 20  # XML files of a folder before it is taken to hold other ones
Reader = Callable[[Told], Raw]


def reader_of(spec: str | Path) -> Reader:
    """What reads the data set at a path: data.yaml or obj.data, a COCO JSON, or a folder with any of these, with VOC's
    XML, or with pictures, label files and a list of classes.

    Raises: DataError that says what was looked for.
    """
    if not is_writable(str(spec)):
        raise DataError("data-path-encoding", path=printable(str(spec)))
    path = Path(spec).expanduser()
    try:
        path.stat()
        if path.is_dir():
            return _of_folder(path)
    except PermissionError as error:
        raise MachineError("data-no-permission", path=path) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DataError("data-link-loop", path=path) from error
        raise DataMissing("boxes-not-found", path=path) from error
    suffix = path.suffix.lower()
    if suffix in (*YAML, ".data"):
        return partial(read_described, path)
    if suffix == ".json":
        return partial(read_coco, [path], _root_of(path))
    raise DataError("boxes-archive" if is_archive(path) else "boxes-not-known", path=path)


def _of_folder(folder: Path) -> Reader:
    if described := _description(folder):
        return partial(read_described, described)
    files = FolderFiles(folder)
    if described := _deeper_description(files):
        return partial(read_described, described)
    if annotations := _coco_files(files):
        return partial(read_coco, annotations, folder)
    if any(is_voc(files.file(name)) for name in [n for n in files.names if n.lower().endswith(".xml")][:TRIED]):
        return partial(read_voc, folder)
    if classes := find_classes(folder):
        return partial(read_bare, folder, classes)
    images = sum(map(is_image_name, files.names))
    texts = sum(name.lower().endswith(".txt") for name in files.names)
    raise DataError("boxes-no-labels" if not texts else "boxes-no-classes", path=folder, images=images, texts=texts)


def _description(folder: Path) -> Path | None:
    """The one data.yaml or obj.data of a folder. Raises: DataError where several could be meant."""
    yamls = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in YAML and path.is_file()]
    usual = [path for path in yamls if path.stem.lower() == "data"]
    found = usual or [path for path in yamls if _is_description(path)]
    if not found:
        found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() == ".data" and _is_darknet(path)]
    if len(found) > 1:
        raise DataError("boxes-several", path=folder, found=", ".join(path.name for path in found))
    return found[0] if found else None


def _deeper_description(files: FolderFiles) -> Path | None:
    """That of the only folder within, as an archive leaves it when it is unpacked."""
    tops = {name.split("/", 1)[0] for name in files.names}
    if len(tops) != 1 or next(iter(tops)) not in files.folders:
        return None
    return _description(files.path / next(iter(tops)))


def _is_darknet(path: Path) -> bool:
    try:
        return "names" in read_words(path) if path.stat().st_size < LARGEST else False
    except (DataError, OSError):
        return False


def _is_description(path: Path) -> bool:
    """Whether a YAML file names classes and parts, at the start of lines."""
    try:
        lines = read_words(path).splitlines()
    except DataError:
        return False
    starts = {line.split(":")[0].strip("\"' ") for line in lines if line[:1].strip()}
    return bool(starts & {"train", "val"}) and bool(starts & {"names", "nc"})


def _coco_files(files: FolderFiles) -> list[Path]:
    """Roboflow's `_annotations.coco.json`, or the JSON files with boxes; of COCO's own those of instances."""
    names = [name for name in files.names if name.lower().endswith(".json")]
    roboflow = [name for name in names if name.lower().endswith("_annotations.coco.json")]
    found = roboflow or [name for name in names if is_coco(files.file(name))]
    instances = [name for name in found if "instances" in name.lower()]
    return [files.file(name) for name in instances or found]


def _root_of(path: Path) -> Path:
    """The folder around `annotations/x.json`, or that of the file."""
    return path.parent.parent if path.parent.name.lower() == "annotations" else path.parent

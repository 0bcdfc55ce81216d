"""What says where the parts of a YOLO data set are and how its classes are called: data.yaml, or Darknet's obj.data.

Every value is read as the words that stand there: nothing is executed, and a class may be called `no` or `1e3`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from lissom.errors import DataError
from lissom.plain import short
from lissom.tasks.detect.data.locating import Shelf, read_names, read_words

LARGEST = 1 << 22  # characters; a thousand classes have 20,000
PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map", "int", "float", "bool", "null")}
NOTHING = ("", "null", "Null", "NULL", "~", "None")
KEYS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


class Entry(NamedTuple):
    """A folder, a list or an image, as written."""

    given: str
    line: int


@dataclass(kw_only=True)
class Description:
    """A data set in YOLO's form before its files are looked for."""

    file: Path
    root: Path
    """From which its paths are read."""
    class_names: tuple[str, ...]
    parts: dict[str, list[Entry]] = field(default_factory=dict)
    keypoints: bool = False
    """Rows go on behind the box with points of a body."""


class _Words(yaml.SafeLoader):
    """All plain scalars are words."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - PyYAML's own attribute


def read_yaml(file: Path) -> Description:
    """data.yaml: `path`, `train`, `val`, `test`, `names`, `nc`, `kpt_shape`; all else is for other programs.

    Raises: DataError in one line, with the line of the file.
    """
    values = _mapping(file)
    root, (given, line) = file.parent, _text(values, "path", file)
    if given:
        root = Path(file.parent, given.replace("\\", "/")).expanduser()
        if not root.is_dir():  # written on another machine, or read from another folder
            root = _moved(file, given, line)
    parts: dict[str, list[Entry]] = {}
    for key, part in KEYS.items():
        if part not in parts and (entries := _entries(values, key, file)):
            parts[part] = entries
    if not parts:
        raise DataError("boxes-yaml-key", path=file, key="train", near=", ".join(map(str, values)) or "-")
    names = _names(values, file)
    return Description(file=file, root=root, class_names=names, parts=parts, keypoints="kpt_shape" in values)


def read_darknet(file: Path) -> Description:
    """obj.data, as CVAT and Darknet write it: `classes`, `train`, `valid`, `names`. Raises: DataError with the line."""
    values: dict[str, Entry] = {}
    for number, line in enumerate(read_words(file).splitlines(), 1):
        key, equals, value = line.partition("=")
        if equals:
            values[key.strip()] = Entry(value.strip(), number)
        elif line.strip() and not line.lstrip().startswith("#"):
            raise DataError("boxes-data-line", path=file, line=number, got=short(line))
    names = values.get("names")
    if names is None:
        raise DataError("boxes-no-names", path=file)
    listed, _ = Shelf().below(file.parent, names.given)
    if listed is None:
        raise DataError("boxes-path-missing", path=file, line=names.line, got=names.given, looked=file.parent)
    classes = require_names(read_names(listed), values.get("classes"), file)
    parts = {part: [values[key]] for key, part in KEYS.items() if key in values}
    return Description(file=file, root=file.parent, class_names=classes, parts=parts)


def require_names(names: list[str], counted: Entry | None, file: Path) -> tuple[str, ...]:
    """As many as are said to be, each once. Raises: DataError."""
    if counted and not (counted.given.isdecimal() and 1 <= int(counted.given) <= 100_000):
        raise DataError("boxes-nc", path=file, line=counted.line, got=short(counted.given))
    if counted and int(counted.given) != len(names):
        raise DataError("boxes-names-count", path=file, line=counted.line, got=len(names), expected=counted.given)
    if twice := next((name for number, name in enumerate(names) if name in names[:number]), None):
        raise DataError("boxes-name-twice", path=file, name=twice)
    return tuple(names)


def _moved(file: Path, given: str, line: int) -> Path:
    """The folder of that name around or beside the file; where there is none, that of the file, if parts are there."""
    name = Path(given.replace("\\", "/")).name
    around = next((folder for folder in file.parent.resolve().parents if folder.name == name), None)
    beside = file.parent / name
    if file.parent.resolve().name == name:
        return file.parent
    if beside.is_dir() or around:
        return beside if beside.is_dir() else Path(str(around))
    raise DataError("boxes-path-missing", path=file, line=line, got=given, looked=Path(file.parent, given))


def _mapping(file: Path) -> dict[str, tuple[yaml.Node, int]]:
    """The values of the file's keys as they are written, each with its line. Raises: DataError."""
    text = read_words(file)
    if len(text) > LARGEST:
        raise DataError("boxes-yaml", path=file, line=1, reason=f"{len(text):,} characters")
    try:
        node = yaml.compose(text, Loader=_Words)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or " ".join(str(error).split())
        raise DataError("boxes-yaml", path=file, line=mark.line + 1 if mark else 1, reason=reason) from None
    if not isinstance(node, yaml.MappingNode):
        raise DataError("boxes-yaml", path=file, line=1, reason=f"{type(node).__name__}")
    values = {}
    for key, value in node.value:
        _require_plain(key, file)
        _require_plain(value, file)
        values[str(key.value)] = value, value.start_mark.line + 1
    return values


def _require_plain(node: yaml.Node, file: Path) -> None:
    """Raises: DataError for what would have a program construct something."""
    if node.tag not in PLAIN:
        raise DataError("boxes-yaml-tag", path=file, line=node.start_mark.line + 1, got=node.tag)


def _text(values: Mapping[str, tuple[yaml.Node, int]], key: str, file: Path) -> Entry:
    """The word of a key; "" where there is none."""
    node, line = values.get(key, (None, 0))
    if node is None:
        return Entry("", 0)
    word = _word(node, key, file)
    return Entry("" if word in NOTHING else word, line)


def _entries(values: Mapping[str, tuple[yaml.Node, int]], key: str, file: Path) -> list[Entry]:
    """The paths of a part: one, or a list of them."""
    node, _ = values.get(key, (None, 0))
    if isinstance(node, yaml.SequenceNode):
        return [Entry(_word(each, key, file), each.start_mark.line + 1) for each in node.value]
    entry = _text(values, key, file)
    return [entry] if entry.given else []


def _names(values: Mapping[str, tuple[yaml.Node, int]], file: Path) -> tuple[str, ...]:
    """As a list, or as a mapping from numbers that run from 0. Raises: DataError."""
    counted = _text(values, "nc", file)
    node, line = values.get("names", (None, 0))
    if isinstance(node, yaml.SequenceNode):
        names = [_word(each, "names", file) for each in node.value]
    elif isinstance(node, yaml.MappingNode):
        pairs = {_word(key, "names", file): _word(value, "names", file) for key, value in node.value}
        names = [pairs[key] for number in range(len(pairs)) if (key := str(number)) in pairs]
        if len(names) < len(node.value):
            raise DataError("boxes-names-numbers", path=file, line=line, got=short(", ".join(pairs)))
    else:
        raise DataError("boxes-no-names", path=file)
    if not names:
        raise DataError("boxes-no-names", path=file)
    return require_names(names, counted if counted.given else None, file)


def _word(node: yaml.Node, key: str, file: Path) -> str:
    _require_plain(node, file)
    if not isinstance(node, yaml.ScalarNode):
        kind = "list" if isinstance(node, yaml.SequenceNode) else "mapping"
        raise DataError("boxes-yaml-word", path=file, line=node.start_mark.line + 1, key=key, got=kind)
    return str(node.value).strip()

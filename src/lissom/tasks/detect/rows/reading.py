"""YAML text to a `RowFile`, by a whitelist: nothing in a file is executed. No torch here."""

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lissom.errors import DataError, near
from lissom.tasks.detect.rows.rowfile import DETECT_FREE, NamedBackbone, Row, RowFile

LARGEST = 1 << 20  # bytes; stock files have 2 kB
KEYS = {
    "nc": "num_classes",
    "depth_multiple": "depth",
    "width_multiple": "width",
    "head_width": "head_width",
    "anchors": "anchors",
    "backbone": "backbone",
    "head": "head",
    "ch": "in_channels",
    "activation": "activation",
    "notes_form": "notes_form",
}
KEPT = ("inplace", "channel_multiple", "names")  # nothing here reads them; a corrected file has them still
MOST_COPIES, LARGEST_MULTIPLE = 100, 10
ACTIVATIONS = ("SiLU", "ReLU", "ReLU6", "Hardswish", "LeakyReLU")


def read(path: Path, *, section: str | None = None) -> RowFile:
    """The model file at `path`. section: which of several backbones, `backbone_small` for example.

    Raises: DataError in one line, with the row's number where it is about a row.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise DataError("rows-too-large", path=path, size=path.stat().st_size, largest=LARGEST)
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("rows-unreadable", path=path, reason=error) from None
    return parse(text, where=str(path), section=section)


def is_row_file(path: Path) -> bool:
    """Whether it is YAML with rows: a `head`, or a `backbone` and its kin, at the start of a line."""
    if path.suffix.lower() not in (".yaml", ".yml") or not path.is_file():
        return False
    with path.open("rb") as file:
        lines = file.read(LARGEST).decode("utf-8-sig", "replace").splitlines()
    return any(line.startswith(("backbone", "head:")) for line in lines)


def parse(text: str, *, where: str, section: str | None = None) -> RowFile:
    """The model file that `text` holds; where: its name in errors."""
    values = _mapping(text, where)
    values = _chosen_backbone(values, section, where)
    known = [*KEYS, *KEPT]
    for name in values:
        if name not in known:
            raise DataError("rows-key-unknown", path=where, key=name, near=near(str(name), known))
    missing = [name for name in ("backbone", "head") if not values.get(name)]
    if missing:
        raise DataError("rows-key-missing", path=where, key=missing[0])
    fields = {KEYS[name]: _value(name, value, where) for name, value in values.items() if name in KEYS}
    if isinstance(fields["backbone"], list):
        count = len(fields["backbone"])
        fields["backbone"] = _rows(fields["backbone"], 0, where)
        fields["head"] = _rows(fields["head"], count, where)
    else:
        fields["head"] = _rows(fields["head"], 0, where)
    if "anchors" not in fields and fields["head"][-1].module == DETECT_FREE:
        fields["anchors"] = ()
    return RowFile(**fields, kept={name: _kept(name, values[name], where) for name in KEPT if name in values})


def _mapping(text: str, where: str) -> dict[Any, Any]:
    try:
        values = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataError("rows-not-yaml", path=where, reason=reason) from None
    if not isinstance(values, dict):
        raise DataError("rows-no-mapping", path=where, got=type(values).__name__)
    return values


def _kept(name: str, value: Any, where: str) -> Any:
    """A value, or a list or mapping of values."""
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else [value]
    if not all(part is None or isinstance(part, bool | int | float | str) for part in parts):
        raise DataError("rows-value", path=where, key=name, got=_short(value), expected="plain values")
    return value


def _chosen_backbone(values: dict[Any, Any], section: str | None, where: str) -> dict[Any, Any]:
    """One `backbone`, of the several that a file may have."""
    found = [name for name in values if isinstance(name, str) and name.startswith("backbone")]
    others = [name for name in found if name != "backbone"]
    if section is None and others:
        raise DataError("rows-several-backbones", path=where, found=", ".join(found), first=found[0])
    if section is not None and section not in found:
        raise DataError("rows-no-such-section", path=where, got=section, found=", ".join(found) or "-")
    rest = {name: value for name, value in values.items() if name not in found}
    return {**rest, "backbone": values.get(section or "backbone")}


def _value(name: str, value: Any, where: str) -> Any:
    """The value of a key, of its type."""
    if name in ("backbone", "head"):
        if isinstance(value, Mapping) and name == "backbone":
            return _named(value, where)
        if isinstance(value, list):
            return value
        raise DataError("rows-no-list", path=where, key=name, got=type(value).__name__)
    if name == "anchors":
        return _anchors(value, where)
    ok, expected = {
        "nc": (_whole(value, 1), "a whole number, 1 or more"),
        "ch": (_whole(value, 1), "a whole number, 1 or more"),
        "notes_form": (isinstance(value, bool), "true or false"),
        "activation": (_activation(value) in ACTIVATIONS, ", ".join(ACTIVATIONS)),
    }.get(name, (_positive(value) and value <= LARGEST_MULTIPLE, f"a number above 0, at most {LARGEST_MULTIPLE}"))
    if not ok:
        raise DataError("rows-value", path=where, key=name, got=_short(value), expected=expected)
    return _activation(value) if name == "activation" else value


def _activation(value: Any) -> str:
    """`nn.ReLU()` and `ReLU` alike."""
    return str(value).removeprefix("torch.").removeprefix("nn.").removesuffix("()")


def _whole(value: Any, low: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value < 100_000


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1000


def _anchors(value: Any, where: str) -> Any:
    if _whole(value, 1):
        return value
    levels: list[Any] = value if isinstance(value, list) and value else [None]
    for level in levels:
        if (
            not isinstance(level, list)
            or not level
            or len(level) % 2
            or not all(_positive_side(side) for side in level)
        ):
            expected = "for each level a list of width, height, width, height ... in pixels, or a number"
            raise DataError("rows-value", path=where, key="anchors", got=_short(level), expected=expected)
    if len({len(level) for level in levels}) > 1:
        sizes = ", ".join(str(len(level) // 2) for level in levels)
        raise DataError("rows-value", path=where, key="anchors", got=sizes, expected="as many anchors on each level")
    return tuple(tuple(level) for level in levels)


def _positive_side(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 100_000


def _named(value: Mapping[str, Any], where: str) -> NamedBackbone:
    known = ("name", "width", "weights", "out", "options")
    for name in value:
        if name not in known:
            raise DataError("rows-key-unknown", path=where, key=f"backbone: {name}", near=near(str(name), known))
    out = value.get("out", [8, 16, 32])
    rules = [
        ("name", isinstance(value.get("name"), str), "the name of a network"),
        ("width", _positive(value.get("width", 1.0)), "a number above 0"),
        ("weights", isinstance(value.get("weights"), str | None), "a name, a run or a file"),
        ("out", _is_levels(out), "rising powers of two, for example [8, 16, 32]"),
        ("options", isinstance(value.get("options", {}), Mapping), "names with values"),
    ]
    for name, ok, expected in rules:
        if not ok:
            raise DataError(
                "rows-value", path=where, key=f"backbone: {name}", got=_short(value.get(name)), expected=expected
            )
    given = {name: value[name] for name in ("name", "width", "weights") if name in value}
    return NamedBackbone(**given, out=tuple(out), options=dict(value.get("options", {})))


def _is_levels(out: Any) -> bool:
    is_list = isinstance(out, list) and bool(out) and all(_whole(each, 2) for each in out)
    return is_list and out == sorted(set(out)) and all(each & (each - 1) == 0 for each in out)


def _rows(rows: list[Any], first: int, where: str) -> tuple[Row, ...]:
    return tuple(_row(row, first + index, where) for index, row in enumerate(rows))


def _row(row: Any, index: int, where: str) -> Row:
    """[from, number, module, args] or with a tag behind."""
    if not isinstance(row, list) or len(row) not in (4, 5):
        raise DataError("rows-row", path=where, row=index, got=_short(row), expected="[from, number, module, args]")
    source, number, module, args = row[:4]
    tag = row[4] if len(row) == 5 else ""
    sources = source if isinstance(source, list) else [source]
    checks = [
        (
            _short(source),
            bool(sources) and all(_is_source(each) for each in sources),
            "from: numbers of rows, or tags like @P3",
        ),
        (_short(number), _whole(number, 1) and number <= MOST_COPIES, f"number: 1 to {MOST_COPIES}"),
        (_short(module), isinstance(module, str) and module != "", "module: a name"),
        (
            _short(args),
            isinstance(args, list) and all(_is_plain(each) for each in args),
            "args: a list of plain values",
        ),
        (_short(tag), isinstance(tag, str) and (not tag or tag.startswith("@")), "a tag: @ and letters"),
    ]
    for got, ok, expected in checks:
        if not ok:
            raise DataError("rows-row", path=where, row=index, got=got, expected=expected)
    return Row(tuple(sources), number, module, tuple(_literal(each) for each in args), tag)


def _is_source(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value[:1] == "@")


def _is_plain(value: Any, depth: int = 0) -> bool:
    if isinstance(value, list):
        return depth < 2 and all(_is_plain(each, depth + 1) for each in value)
    return value is None or isinstance(value, bool | int | float | str)


def _literal(value: Any) -> Any:
    """`None`, `True` and `False` as Python writes them, which YAML reads as words; lists as tuples."""
    if isinstance(value, list):
        return tuple(_literal(each) for each in value)
    return {"None": None, "True": True, "False": False}.get(value, value) if isinstance(value, str) else value


def _short(value: Any) -> str:
    return reprlib.repr(value)  # of an alias that holds itself, too

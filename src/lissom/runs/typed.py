"""Plain values, as JSON has them, back to frozen dataclasses, with every type checked."""

import dataclasses
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from lissom.errors import DataError

Kind = TypeVar("Kind")


class Misfit(Exception):
    """Where a value has another type than its field."""


def typed(kind: type[Kind], values: Any, *, file: Path) -> Kind:
    """The dataclass `kind` from what `plain` gave; names that it does not have are passed over.

    Raises: DataError that names `file` and the value that is missing or of another type.
    """
    try:
        return _read(kind, values, "")
    except Misfit as error:
        raise DataError("run-file-damaged", path=file, reason=error) from None


def _read(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(hint, value, where)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _either(inner, value, where)
    if origin is tuple:
        return _tuple(inner, value, where)
    wanted: Any = origin or hint
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    fits = wanted is Any or (isinstance(value, wanted) and not (isinstance(value, bool) and wanted is not bool))
    if not fits:
        raise Misfit(f"{where or 'the file'} is {_short(value)}, not {getattr(wanted, '__name__', wanted)}")
    return value


def _dataclass(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise Misfit(f"{where or 'the file'} is {_short(value)}, not an object")
    hints, found = get_type_hints(kind), {}
    for each in dataclasses.fields(kind):
        name = f"{where}.{each.name}".lstrip(".")
        if each.name in value:
            found[each.name] = _read(hints[each.name], value[each.name], name)
        elif each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING:
            raise Misfit(f"{name} is missing")
    return kind(**found)


def _either(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    (kind,) = [kind for kind in kinds if kind is not type(None)]  # optional values are all that is written
    return _read(kind, value, where)


def _tuple(inner: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Misfit(f"{where} is {_short(value)}, not a list")
    kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
    if len(kinds) != len(value):
        raise Misfit(f"{where} has {len(value)} values, not {len(kinds)}")
    pairs = enumerate(zip(kinds, value, strict=True))
    return tuple(_read(kind, each, f"{where}[{index}]") for index, (kind, each) in pairs)


def _short(value: Any) -> str:
    words = repr(value)
    return words if len(words) <= 40 else words[:39] + "…"

"""Plain values, as JSON has them, back to frozen dataclasses, with every type checked."""

import dataclasses
import math
import types
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from lissom.errors import DataError
from lissom.plain import short

Kind = TypeVar("Kind")
BITS = 64  # of a whole number: a longer one overflows where it is divided


_hints = cache(get_type_hints)
_form = cache(lambda hint: (get_origin(hint), get_args(hint)))


class Misfit(ValueError):
    """Where a value has another type than its field."""


def typed(kind: type[Kind], values: Any, *, file: Path) -> Kind:
    """The dataclass `kind` from what `plain` gave; names that it does not have are passed over.

    Raises: DataError that names `file` and the value that is missing, of another type, infinite, or refused by the
    dataclass itself with a ValueError.
    """
    try:
        return checked(kind, values)
    except ValueError as error:
        raise DataError("run-file-damaged", path=file, reason=error) from None


def checked(kind: type[Kind], values: Any, where: str = "") -> Kind:
    """As `typed`, of values that stand at `where` in whatever they are part of. Raises: ValueError, `Misfit` or the
    dataclass's own."""
    return _read(kind, values, where)


def _read(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(hint, value, where)
    origin, inner = _form(hint)
    if origin in (Union, types.UnionType):
        return _either(inner, value, where)
    if origin is tuple:
        return _tuple(inner, value, where)
    if origin is Literal:
        if value not in inner:
            raise Misfit(f"{where} is {short(value)}, not one of {', '.join(map(str, inner))}")
        return value
    wanted: Any = origin or hint
    fits = wanted is Any or (isinstance(value, wanted) and not (isinstance(value, bool) and wanted is not bool))
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        _sound(_as_float(value), where)  # it stays as it was written
        return value
    if not fits:
        raise Misfit(f"{where or 'the file'} is {short(value)}, not {getattr(wanted, '__name__', wanted)}")
    if isinstance(value, dict) and inner:
        return {_sound(key, where): _read(inner[1], each, f"{where}.{key}") for key, each in value.items()}
    return _sound(value, where)


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _sound(value: Any, where: str) -> Any:
    """The value, if a number is finite and of 64 bits at most, and a text can be written."""
    if isinstance(value, float) and not math.isfinite(value):
        raise Misfit(f"{where} is not a finite number")
    if isinstance(value, int) and value.bit_length() > BITS:
        raise Misfit(f"{where} is {short(value)}, a number of more than {BITS} bits")
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Misfit(f"{where} is {short(value)}, which has halves of letters")
    return value


def _dataclass(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise Misfit(f"{where or 'the file'} is {short(value)}, not an object")
    hints, found = _hints(kind), {}
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
    known = [kind for kind in kinds if kind is not type(None)]
    return _read(next((kind for kind in known if type(value) is kind), known[0]), value, where)


def _tuple(inner: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Misfit(f"{where} is {short(value)}, not a list")
    kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
    if len(kinds) != len(value):
        raise Misfit(f"{where} has {len(value)} values, not {len(kinds)}")
    pairs = enumerate(zip(kinds, value, strict=True))
    return tuple(_read(kind, each, f"{where}[{index}]") for index, (kind, each) in pairs)

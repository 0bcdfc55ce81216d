"""The networks in a table: what each costs and what was published of it, from the catalogue alone. No torch here."""

import operator
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from lissom.errors import UsageError, near
from lissom.models.catalogue import ENTRIES
from lissom.models.entry import Entry
from lissom.models.registry import letters

COLUMNS = (
    "network", "resolution", "parameters", "megabytes", "macs", "published_top1", "published_source", "best_top1",
    "best_source", "year", "paper", "title", "task",
)  # fmt: skip
WORDS = ("network", "published_source", "best_source", "paper", "title", "task")
ALIASES = {"size": "megabytes", "top1": "published_top1", "name": "network"}
FLOAT32 = 4  # bytes
UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9}
SIZES = {"b": 1e-6, "kb": 1e-3, "mb": 1.0, "gb": 1e3}  # in MB

Best = Callable[[str], tuple[float | None, str | None]]
"""A network's name -> the best top-1 that anybody's weights have reached, in percent, and whose."""
_OPERATORS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "=": operator.eq}


def list_models(
    pattern: str = "",
    *,
    sort: str = "network",
    where: tuple[str, ...] = (),
    best: Best = lambda name: (None, None),
) -> list[dict[str, Any]]:
    """One row per network whose name contains `pattern`, with all `COLUMNS`, at width 1 and its own resolution.

    sort: a column. where: conditions such as `macs<300M`, `size<2MB` or `year>=2018`, all of which must hold; a row
    that has no value in that column is left out. `task` is the one that a network is for, None of those for images.
    `published_top1` is in percent, as the paper prints it; `best_top1` that of the best weights; `megabytes` are those
    of the parameters as 32-bit numbers.
    Raises: UsageError for an unknown column or a condition that is none.
    """
    sort = column_named(sort)
    tests = [condition(text) for text in where]
    named = [entry for entry in ENTRIES.values() if letters(pattern) in letters(entry.name)]
    rows = [_row(entry, *best(entry.name)) for entry in named]
    rows = [row for row in rows if all(row[c] is not None and compare(row[c], v) for c, compare, v in tests)]
    known, unknown = [r for r in rows if r[sort] is not None], [r for r in rows if r[sort] is None]
    return sorted(known, key=lambda row: row[sort]) + unknown


def _row(entry: Entry, best_top1: float | None, best_source: str | None) -> dict[str, Any]:
    """From the catalogue, whose figures the tests count again: nothing is built, and torch stays out."""
    default = entry.published[0]
    return {
        "network": entry.name,
        "resolution": default.resolution,
        "parameters": default.parameters,
        "megabytes": round(default.parameters * FLOAT32 / 1e6, 2),
        "macs": default.macs,
        "published_top1": default.top1,
        "published_source": default.source or None,
        "best_top1": best_top1,
        "best_source": best_source,
        "year": entry.year,
        "paper": entry.paper,
        "title": entry.title,
        "task": entry.task,
    }


def column_named(name: str) -> str:
    """The column of that name. Raises: UsageError for one that is none."""
    found = ALIASES.get(name, name)
    if found not in COLUMNS:
        raise UsageError("column-unknown", got=name, near=near(name, [*COLUMNS, *ALIASES]))
    return found


class Condition(NamedTuple):
    """What a value in a column is compared with."""

    column: str
    compare: Callable[[Any, Any], bool]
    value: Any


def condition(text: str) -> Condition:
    """That of `macs<100M`, `size<2MB`, `year>=2018`, `network=mobilenetv2`.

    Raises: UsageError for what is none.
    """
    match = re.fullmatch(r"\s*(\w+)\s*(<=|>=|<|>|=)\s*(.+?)\s*", text)
    if not match:
        raise UsageError("condition-not-one", got=text)
    name, sign, value = match.groups()
    column = column_named(name)
    if column in WORDS:
        return Condition(column, _OPERATORS[sign], value)
    number = re.fullmatch(r"(\d+\.?\d*(?:[eE][+-]?\d+)?)\s*([a-zA-Z]*)", value)
    units = UNITS | SIZES if column == "megabytes" else UNITS
    unit = number[2].lower() if number else "?"
    if column == "megabytes" and unit in ("", "m"):
        unit = "mb"
    if number is None or unit not in units:
        raise UsageError("condition-not-one", got=text)
    return Condition(
        column, _OPERATORS[sign], float(number[1]) * (SIZES[unit] if column == "megabytes" else units[unit])
    )

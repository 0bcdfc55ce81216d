"""The networks in a table: what each costs and what was published of it, from the catalogue alone. No torch here."""

import operator
import re
from typing import Any

from lissom.errors import UsageError, near
from lissom.models.catalogue import ENTRIES
from lissom.models.entry import Entry

COLUMNS = ("network", "resolution", "parameters", "macs", "published_top1", "year", "paper", "title")
_OPERATORS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "=": operator.eq}


def list_models(pattern: str = "", *, sort: str = "network", where: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """One row per network whose name contains `pattern`, with the columns `COLUMNS`, at width 1 and its own resolution.

    sort: a column. where: conditions such as `macs<3e8` or `year>=2018`, all of which must hold; a row that has no
    value in that column is left out. `published_top1` is in percent, as the paper prints it.
    Raises: UsageError for an unknown column or a condition that is none.
    """
    _check_column(sort)
    tests = [_condition(text) for text in where]
    rows = [_row(entry) for name, entry in ENTRIES.items() if pattern.lower() in name]
    rows = [row for row in rows if all(row[c] is not None and compare(row[c], v) for c, compare, v in tests)]
    known, unknown = [r for r in rows if r[sort] is not None], [r for r in rows if r[sort] is None]
    return sorted(known, key=lambda row: row[sort]) + unknown


def _row(entry: Entry) -> dict[str, Any]:
    """From the catalogue, whose figures the tests count again: nothing is built, and torch stays out."""
    default = entry.published[0]
    return {
        "network": entry.name,
        "resolution": default.resolution,
        "parameters": default.parameters,
        "macs": default.macs,
        "published_top1": default.top1,
        "year": entry.year,
        "paper": entry.paper,
        "title": entry.title,
    }


def _check_column(name: str) -> None:
    if name not in COLUMNS:
        raise UsageError("column-unknown", got=name, near=near(name, COLUMNS))


def _condition(text: str) -> tuple[str, Any, Any]:
    match = re.fullmatch(r"\s*(\w+)\s*(<=|>=|<|>|=)\s*(.+?)\s*", text)
    if not match:
        raise UsageError("condition-not-one", got=text)
    column, sign, value = match.groups()
    _check_column(column)
    if column in ("network", "paper", "title"):
        return column, _OPERATORS[sign], value
    try:
        return column, _OPERATORS[sign], float(value)
    except ValueError:
        raise UsageError("condition-not-one", got=text) from None

"""`lissom models`: every network with what it costs and what was published of it."""

import operator
import re
from typing import Any

from lissom import models
from lissom.errors import UsageError, near
from lissom.models.registry import ENTRIES
from lissom.weights.catalogue import CHECKPOINTS

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
    rows = [_row(name) for name in ENTRIES if pattern.lower() in name]
    rows = [row for row in rows if all(row[c] is not None and compare(row[c], v) for c, compare, v in tests)]
    known, unknown = [r for r in rows if r[sort] is not None], [r for r in rows if r[sort] is None]
    return sorted(known, key=lambda row: row[sort]) + unknown


def list_pretrained(pattern: str = "") -> list[dict[str, Any]]:
    """One row per published checkpoint whose name, or whose network's, contains `pattern`; nothing is fetched.

    `options` are those of `build` that the checkpoint wants; `top1` is in percent, as `reporter` measured it, both None
    where nothing is reported.
    """
    return [
        {
            "checkpoint": row.name,
            "network": row.network,
            "options": " ".join(f"{k}={v}" for k, v in row.options.items()) or None,
            "resolution": row.resolution,
            "top1": row.top1,
            "reporter": row.reporter,
            "licence": row.licence,
            "megabytes": row.mebibytes and round(row.mebibytes * (1 << 20) / 1e6, 1),
        }
        for row in CHECKPOINTS.values()
        if pattern.lower() in row.name.lower() or pattern.lower() in row.network
    ]


def _row(name: str) -> dict[str, Any]:
    """From the catalogue, whose figures the tests count again: nothing is built, and torch stays out."""
    entry = models.entry(name)
    default = entry.published[0]
    return {
        "network": name,
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

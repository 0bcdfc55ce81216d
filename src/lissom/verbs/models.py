"""`lissom models`: every network with what it costs and what was published of it."""

import operator
import re
from typing import Any

import torch

from lissom import models
from lissom.errors import UsageError, near
from lissom.profiler import count

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
    rows = [_row(name) for name in models.names() if pattern.lower() in name]
    rows = [row for row in rows if all(row[c] is not None and compare(row[c], v) for c, compare, v in tests)]
    known, unknown = [r for r in rows if r[sort] is not None], [r for r in rows if r[sort] is None]
    return sorted(known, key=lambda row: row[sort]) + unknown


def _row(name: str) -> dict[str, Any]:
    entry = models.entry(name)
    with torch.device("meta"):
        model = models.build(name, num_classes=entry.num_classes)
    profile = count(model, resolution=entry.resolution)
    plain = [p.top1 for p in entry.published if not p.options and p.resolution == entry.resolution and p.top1]
    return {
        "network": name,
        "resolution": entry.resolution,
        "parameters": profile.parameters,
        "macs": profile.macs,
        "published_top1": plain[0] if plain else None,
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

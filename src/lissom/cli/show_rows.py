"""The rows of a model file in a terminal."""

from pathlib import Path
from typing import Any

from lissom.cli.show import NUMBER, console
from lissom.messages import text
from lissom.report.tables import Column, column


def show_rows(result: dict[str, Any], output: Path | None) -> None:
    """A line for each row, the sums of its parts, then every fault, or the total."""
    out = console()
    out.table(result["rows"], _columns())
    for each in result["parts"]:
        out.say(text("rows.part", part=_part(each["part"]), **_numbers(each)))
    for each in result["mended"]:
        out.say(text("rows.mended", row=each["row"], reason=each["reason"]))
    for each in result["faults"]:
        out.say(text("rows.fault", row=each["row"], reason=each["reason"]))
    if result["faults"]:
        out.say(text("rows.refused", count=len(result["faults"]), file=result["file"]))
        return
    out.say(text("rows.accepted", file=result["file"], resolution=result["resolution"], **_numbers(result)))
    if output is not None:
        out.say(text("rows.written", path=output))


def _numbers(values: dict[str, Any]) -> dict[str, str]:
    return {name: NUMBER(values[name]) for name in ("parameters", "macs")}


def _columns() -> list[Column]:
    """What a narrow terminal does without goes first: arguments, then MACs."""
    ranks = {"args": 3, "macs": 2, "number": 1}
    numbers = ("row", "number", "requested", "channels", "parameters", "macs")
    shows = {"part": _part, "parameters": NUMBER, "macs": NUMBER}
    keys = ("row", "part", "from", "number", "module", "args", "stride", "requested", "channels", "parameters", "macs")
    return [
        column(key, text(f"rows_column.{key}"), shows.get(key, str), right=key in numbers, rank=ranks.get(key, 0))
        for key in keys
    ]


def _part(name: str) -> str:
    return text(f"rows.{name}")

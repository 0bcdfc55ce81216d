"""One set of rows as a console table, CSV, Markdown or HTML.

Rows are dictionaries of raw values: CSV writes these whole. A column says how a row reads for a person.
"""

import csv
import html
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from lissom.messages import text
from lissom.plain import plain, visible
from lissom.stats.intervals import wilson

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """What a table shows of each row."""

    title: str
    cell: Callable[[Row], str]
    right: bool = False  # numbers stand at the right
    rank: int = 0  # where a screen is too narrow, the column of the highest rank is left out first; 0: never


def column(
    key: str, title: str | None = None, show: Callable[[Any], str] = str, *, right: bool = False, rank: int = 0
) -> Column:
    """A column of one value; an absent one is shown as a dash."""
    return Column(title or key, lambda row: "–" if row.get(key) is None else show(row[key]), right, rank)


def comparison_row(
    *,
    network: str,
    parameters: int,
    macs: int,
    resolution: int,
    correct: int,
    total: int,
    latency: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One network's line: cost, accuracy as a fraction with its 95 % interval, latency (`Latency.to_dict()`) in ms."""
    low, high = wilson(correct, total)
    times = latency or {}
    return {
        "network": network,
        "parameters": parameters,
        "macs": macs,
        "resolution": resolution,
        "latency_ms": times.get("median_ms"),
        "latency_low_ms": times.get("p05_ms"),
        "latency_high_ms": times.get("p95_ms"),
        "cpu_ms": times.get("cpu_ms"),
        "accuracy": correct / total if total else 0.0,
        "low": low,
        "high": high,
        "correct": correct,
        "total": total,
    }


def comparison_columns(*, brief: bool = False) -> list[Column]:
    """Columns for rows of `comparison_row`, marked by `pareto.marked`.

    brief: rounded costs and one-letter marks, which fit a console of 80 characters; `legend` explains the marks.
    """
    title = "brief" if brief else "full"
    count = short if brief else "{:,}".format
    return [
        column("network", text("report.network")),
        column("parameters", text(f"report.parameters_{title}"), count, right=True),
        column("macs", "MACs", count, right=True),
        column("resolution", text("report.resolution"), right=True),
        Column(text(f"report.latency_{title}"), _latency, right=True),
        Column(text(f"report.accuracy_{title}"), _accuracy, right=True),
        Column("", _signs) if brief else Column(text("report.mark"), _marks),
    ]


def legend() -> str:
    """What the signs and brackets of the brief comparison mean, a line each."""
    return text("report.legend")


def _latency(row: Row) -> str:
    if row.get("latency_ms") is None:
        return "–"
    low, high = row.get("latency_low_ms"), row.get("latency_high_ms")
    interval = "" if low is None else f" ({low:.2f}–{high:.2f})"
    return f"{row['latency_ms']:.2f}{interval}"


def _accuracy(row: Row) -> str:
    return f"{100 * row['accuracy']:.1f} ({100 * row['low']:.1f}–{100 * row['high']:.1f})"


def _signs(row: Row) -> str:
    return ("*" if row.get("on_front") else " ") + ("=" if row.get("tied") else " ")


def _marks(row: Row) -> str:
    return ", ".join(text(f"report.mark_{key}") for key in ("on_front", "tied") if row.get(key))


def short(value: float) -> str:
    """Three figures and a unit: 1234567 -> "1.23 M"."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size * 0.9995:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g}"


def percent(fraction: float) -> str:
    """0.9534 -> "95.3 %"."""
    return f"{100 * fraction:.1f} %"


def to_rich(rows: Iterable[Row], columns: Sequence[Column]) -> Table:
    """For the console; names are shown as they are, brackets included, control characters as escapes."""
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)
    for each in columns:
        table.add_column(
            escape(visible(each.title)), justify="right" if each.right else "left", no_wrap=each.right, overflow="fold"
        )
    for row in rows:
        table.add_row(*[escape(visible(each.cell(row))) for each in columns])
    return table


def to_csv(rows: Sequence[Row]) -> str:
    """All values of all rows, empty where there is none or it is not finite; `read_csv` gives the words back.

    The columns are the rows' keys, in the order of their first appearance. Words that a spreadsheet would compute, as a
    class named `=1+1`, begin with an apostrophe, by which it takes them for words.
    """
    keys = list(dict.fromkeys(key for row in rows for key in row))
    return cells_to_csv([keys, *([row.get(key) for key in keys] for row in rows)])


def cells_to_csv(rows: Iterable[Iterable[Any]]) -> str:
    """The same of cells, row by row."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([_inert(plain(cell)) for cell in row] for row in rows)
    return out.getvalue()


def read_csv(lines: Iterable[str]) -> list[dict[str, str]]:
    """The rows of what `to_csv` wrote, all values as text. Raises: csv.Error for what is no CSV."""
    heads, *rows = [[_live(cell) for cell in row] for row in csv.reader(lines, strict=True)] or [[]]
    return [dict(zip(heads, row, strict=True)) for row in rows]


NUMBER = re.compile(r"[+-]\d+(\.\d*)?")
FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")  # the full-width signs, too


def _inert(value: Any) -> Any:
    words = isinstance(value, str) and not NUMBER.fullmatch(value)
    return f"'{value}" if words and FORMULA.match(value) else value


def _live(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def to_text(rows: Iterable[Row], columns: Sequence[Column]) -> str:
    """Aligned columns, a rule below the headings; a Chinese character takes two."""
    lines = [[each.title for each in columns], *([each.cell(row) for each in columns] for row in rows)]
    widths = [max(map(cell_len, cells)) for cells in zip(*lines, strict=True)]
    head, *body = (_aligned(line, widths, columns) for line in lines)
    return "".join(f"{line}\n" for line in (head, "-" * (sum(widths) + 2 * len(widths) - 2), *body))


def _aligned(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    spaces = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
    placed = zip(cells, spaces, columns, strict=True)
    return "  ".join(space + cell if each.right else cell + space for cell, space, each in placed).rstrip()


def to_markdown(rows: Iterable[Row], columns: Sequence[Column]) -> str:
    """A pipe table."""
    lines = [[each.title for each in columns], ["---:" if each.right else "---" for each in columns]]
    lines += [[each.cell(row) for each in columns] for row in rows]
    return "".join("| " + " | ".join(_pipe(cell) for cell in line) + " |\n" for line in lines)


def _pipe(cell: str) -> str:
    return " ".join(cell.replace("|", "\\|").split())


def to_html(rows: Iterable[Row], columns: Sequence[Column]) -> str:
    """A `<table>`, everything escaped."""
    head = "".join(f"<th{_align(each)}>{html.escape(each.title)}</th>" for each in columns)
    body = "".join(
        "<tr>" + "".join(f"<td{_align(each)}>{html.escape(each.cell(row))}</td>" for each in columns) + "</tr>\n"
        for row in rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"


def _align(each: Column) -> str:
    return ' class="right"' if each.right else ""

"""A table in a terminal that may be narrower than it: which columns stay, and how wide they must be."""

from collections.abc import Sequence
from dataclasses import replace

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.text import Text

from lissom.cli.wrap import wrap
from lissom.plain import visible
from lissom.report.tables import Column, Row, to_rich

LEAST_WORDS = 8  # columns of the terminal for a column of words


def at_ease(rows: Sequence[Row], columns: Sequence[Column], width: int) -> Text | None:
    """The table as `to_rich` draws it where each cell has room, in a tenth of the time; None where a line would be
    longer than `width`, or a cell has lines of its own."""
    lines = [[each.title for each in columns], *([each.cell(row) for each in columns] for row in rows)]
    cells = [list(map(visible, line)) for line in lines]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    total = sum(widths) + len(widths) - 1
    if total > width or any("\n" in cell or "\t" in cell for line in cells for cell in line):
        return None
    head, *body = (_aligned(line, widths, columns) for line in cells)
    return Text.assemble((head, "table.header"), "\n", "\n".join(("─" * total, *body)))


def _aligned(line: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    spaces = [" " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)]
    placed = zip(line, spaces, columns, strict=True)
    return " ".join(space + cell if each.right else cell + space for cell, space, each in placed).rstrip()


def fit(rows: Sequence[Row], columns: Sequence[Column], out: Console) -> tuple[list[Column], list[Column]]:
    """The columns to show and those to leave out: first headings are broken into lines, then the least needed go.

    Words may still be broken into lines to fit, numbers never.
    """
    if _natural_width(rows, columns, out) <= out.width:
        return list(columns), []
    kept = [_with_short_heading(each, rows) for each in columns]
    left_out: list[Column] = []
    while _natural_width(rows, kept, out) > out.width and (ranked := [each for each in kept if each.rank]):
        least = max(ranked, key=lambda each: each.rank)
        left_out.append(columns[[each.cell for each in columns].index(least.cell)])
        kept.remove(least)
    return kept, sorted(left_out, key=list(columns).index)


def least_width(rows: Sequence[Row], columns: Sequence[Column], out: Console) -> int:
    """What the numbers take, and the least for each column of words."""
    numbers = [each for each in columns if each.right]
    words = len(columns) - len(numbers)
    return _natural_width(rows, numbers, out) + words * (LEAST_WORDS + 1) if numbers else 0


def _natural_width(rows: Sequence[Row], columns: Sequence[Column], out: Console) -> int:
    options = out.options.update(max_width=1_000_000)
    return Measurement.get(out, options, to_rich(rows, columns)).maximum


def _with_short_heading(column: Column, rows: Sequence[Row]) -> Column:
    width = max((cell_len(column.cell(row)) for row in rows), default=0)
    return replace(column, title="\n".join(wrap(column.title, width)))

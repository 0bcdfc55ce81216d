"""What the verbs return, printed in a terminal."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lissom.messages import text
from lissom.report.tables import column, to_rich

NUMBER = "{:,}".format


class _Console(Console):
    """Leaves it to the command line what a reader who left means; rich would leave with an error."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """The terminal, or 160 columns where the output goes to a file or a pipe."""
    out = _Console(highlight=False, emoji=False)
    return out if out.is_terminal else _Console(highlight=False, emoji=False, width=160)


def show_rows(rows: list[dict[str, Any]], *, note: str = "") -> None:
    """Any table: the columns are the keys, numbers with separators and at the right."""
    columns = []
    for key in rows[0]:
        values = [row[key] for row in rows if row[key] is not None]
        numeric = bool(values) and all(isinstance(v, int | float) for v in values)
        columns.append(column(key, text(f"column.{key}"), _cell, right=numeric))
    out = console()
    out.print(to_rich(rows, columns))
    if note:
        out.print(note)


def _cell(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return NUMBER(value) if value >= 10_000 else str(value)
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:.2f}"


def show_comparison(comparison: dict[str, Any]) -> None:
    """The settings that differ, one column per run; then cost and accuracy; then what the intervals say."""
    out = console()
    table = Table(title=text("cli.compare-settings"), title_justify="left")
    for name in ("", *comparison["runs"]):
        table.add_column(escape(name), overflow="fold")
    for name, values in comparison["settings"].items():
        table.add_row(name, *(escape(str(value)) for value in values))
    if comparison["settings"]:
        out.print(table)
    else:
        out.print(text("cli.compare-same"))
    show_rows(comparison["figures"])
    for sentence in comparison["verdicts"]:
        out.print(sentence, markup=False)

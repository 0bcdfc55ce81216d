"""A table where nothing must be broken is what rich draws."""

import io

import pytest

from lissom.cli import show
from lissom.cli.show import Screen
from lissom.report.tables import column

ROWS = [
    {"name": "猫 run", "count": "12", "note": "[red]a[/red]"},
    {"name": "\x1b[31m", "count": None, "note": ":smile: é"},
]
COLUMNS = [column("name", "Name"), column("count", "数 of it", right=True), column("note")]


def drawn(rows: list[dict[str, str | None]], width: int) -> list[str]:
    out = Screen(file=io.StringIO(), width=width, highlight=False, emoji=False)
    out.table(rows, COLUMNS)
    return [line.rstrip() for line in out.file.getvalue().splitlines()]  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [100, 31, 30, 29, 20, 10])
@pytest.mark.parametrize("note", ["as it is", "two\nlines", "a\ttab"])
def test_both_are_equal(width: int, note: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [*ROWS, {"name": "b", "count": "3", "note": note}]
    ours = drawn(rows, width)
    monkeypatch.setattr(show, "at_ease", lambda *_: None)
    assert ours == drawn(rows, width)


def test_a_column_of_numbers_ends_at_the_right() -> None:
    assert drawn(ROWS, 100) == [
        r"Name     数 of it note",
        "─" * 30,
        r"猫 run         12 [red]a[/red]",
        r"\x1b[31m        – :smile: é",
    ]

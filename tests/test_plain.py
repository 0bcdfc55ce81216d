"""JSON is valid for every reader, and is written in one place."""

import ast
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from lissom.plain import from_json, plain, to_json, to_json_rows, visible
from lissom.report.tables import read_csv, to_csv

SOURCES = Path(__file__).parents[1] / "src" / "lissom"


class Pair(NamedTuple):
    share: float
    path: Path


@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_valid_whatever_stands_in_it(indent: int | None) -> None:
    values = {
        "nan": float("nan"), "inf": [np.inf, -np.inf], "float32": np.float32("nan"), "half": np.float32(0.5),
        "count": np.int64(3), "yes": np.bool_(True), "pair": Pair(float("nan"), Path("a/b")), "word": "猫",
    }  # fmt: skip
    text = to_json(values, indent=indent)
    refuse = lambda word: pytest.fail(f"{word} is no JSON")  # noqa: E731
    assert json.loads(text, parse_constant=refuse) == {
        "nan": None, "inf": [None, None], "float32": None, "half": 0.5,
        "count": 3, "yes": True, "pair": [None, "a/b"], "word": "猫",
    }  # fmt: skip
    assert "猫" in text
    assert ("\n" in text) == (indent is not None)


@pytest.mark.parametrize("values", [{}, {"a/b.png": ("d1", "train"), 'ü"\n\x1b': ["d2", ""], "c": None}])
def test_rows_are_the_same_json_one_entry_a_line(values: dict[str, object]) -> None:
    words = to_json_rows(values)
    assert from_json(words) == from_json(to_json(values))
    assert len([line for line in words.splitlines() if ":" in line]) == len(values)
    with pytest.raises(ValueError, match="JSON"):
        to_json_rows({"a": float("nan")})


def test_plain_values_stay_as_they_are() -> None:
    assert plain({"a": (1, 2.5, True, None, "x")}) == {"a": [1, 2.5, True, None, "x"]}


def test_a_table_leaves_the_cell_of_what_is_not_finite_empty() -> None:
    assert to_csv([{"a": float("nan"), "b": 1.5}, {"a": float("inf"), "b": None}]) == "a,b\n,1.5\n,\n"


def test_nobody_else_writes_json() -> None:
    writers = {
        file.name
        for file in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) in ("json.dump", "json.dumps"))
        or (isinstance(node, ast.ImportFrom) and node.module == "json")
    }
    assert writers == {"plain.py"}


@pytest.mark.parametrize(("value", "cell"), [
    ("=1+1", "'=1+1"), ("@x", "'@x"), ("-x", "'-x"), ("+1+cmd", "'+1+cmd"), (" =1", "' =1"), ("'=1", "''=1"),
    ("\uff1d1", "'\uff1d1"),  # the full-width sign
    ("-1", "-1"), ("+1.5", "+1.5"), (-1.5, "-1.5"), (1e-7, "1e-07"), ("'quoted'", "'quoted'"), ("x=1", "x=1"),
])  # fmt: skip
def test_no_cell_is_a_formula_numbers_stay_and_all_is_read_back(value: object, cell: str) -> None:
    written = to_csv([{"=name": value}])
    assert written.splitlines() == ["'=name", cell]
    assert read_csv(written.splitlines()) == [{"=name": str(value)}]


def test_control_characters_are_shown() -> None:
    assert visible("a\x1b[31m\x7f\u009b\u202e\r\n\t猫") == "a\\x1b[31m\\u007f\\u009b\\u202e\\x0d\n\t猫"
    assert json.loads(visible(to_json({"name": "\x1b\u009b\u202e"}))) == {"name": "\x1b\u009b\u202e"}

"""Files are answered some at a time; a broken one is a row in its place."""

from pathlib import Path
from typing import Any

import pytest

from lissom.errors import DataError, LissomError
from lissom.training import by_file
from lissom.training.by_file import ByFile


def read(file: Path) -> int:
    if file.stem.startswith("broken"):
        raise DataError("file-missing", path=file)
    return len(file.stem)


def row(file: Path, answer: Any, error: LissomError | None) -> dict[str, Any]:
    return {"file": file.name, "answer": answer, "error": error and error.kind}


def answered(names: list[str]) -> tuple[ByFile, list[list[int]]]:
    work = ByFile([Path(name) for name in names], read=read, preprocess=lambda inputs: {"x": inputs}, row=row)
    seen = []
    for part, arrays in work.parts():
        seen.append(arrays["x"])
        work.keep(part, [10 * value for value in arrays["x"]])
    return work, seen


def test_rows_stand_in_the_order_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_file, "AT_ONCE", 3)
    work, seen = answered(["a.png", "broken.png", "bb.png", "ccc.png", "dddd.png", "broken2.png", "a.png"])
    assert seen == [[1, 2], [3, 4], [1]]
    assert [(r["file"], r["answer"], r["error"]) for r in work.rows()] == [
        ("a.png", 10, None), ("broken.png", None, "file-missing"), ("bb.png", 20, None), ("ccc.png", 30, None),
        ("dddd.png", 40, None), ("broken2.png", None, "file-missing"), ("a.png", 10, None),
    ]  # fmt: skip
    assert (work.done, work.total) == (7, 7)


def test_a_part_of_broken_files_alone_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_file, "AT_ONCE", 1)
    work, seen = answered(["broken.png", "a.png"])
    assert seen == [[], [1]]
    assert [r["error"] for r in work.rows()] == ["file-missing", None]


def test_what_is_done_is_told_when_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_file, "AT_ONCE", 2)
    work = ByFile([Path(name) for name in "abcd"], read=read, preprocess=lambda inputs: {"x": inputs}, row=row)
    next(work.parts())
    assert work.stopped().values == {"done": 2, "files": 4}

"""Predictions for files, each of which is a row: some at a time, and a broken one does not stop the others."""

from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from lissom.errors import Interrupted, LissomError
from lissom.events import Note, What

AT_ONCE = 64  # files

Row = dict[str, Any]


class ByFile:
    """The work of a prediction whose inputs are files.

    read: a file as the predictor's `preprocess` takes several of in a list. row: of a file and its prediction, or of
    a file that could not be read, and why. notes: what the user must know of the files; remarks: of what they held.
    """

    what: What = "images"

    def __init__(
        self,
        files: Sequence[Path],
        *,
        read: Callable[[Path], Any],
        preprocess: Callable[[list[Any]], dict[str, Any]],
        row: Callable[[Path, Any, LissomError | None], Row],
        notes: Sequence[Note] = (),
        remarks: Callable[[], Sequence[Note]] = tuple,
    ) -> None:
        self._files, self._read, self._preprocess, self._row = files, read, preprocess, row
        self._rows: dict[Path, Row] = {}
        self._remarks = remarks
        self.total, self.done, self.notes = len(files), 0, notes

    def parts(self) -> Generator[tuple[list[Path], dict[str, Any]]]:
        for start in range(0, self.total, AT_ONCE):
            chosen = self._files[start : start + AT_ONCE]
            read = dict(self._readable(chosen))
            self.done = min(start + AT_ONCE, self.total)
            yield list(read), self._preprocess(list(read.values()))

    def _readable(self, files: Sequence[Path]) -> Iterator[tuple[Path, Any]]:
        for file in files:
            try:
                yield file, self._read(file)
            except LissomError as error:
                self._rows[file] = self._row(file, None, error)

    def keep(self, part: list[Path], predictions: Any) -> None:
        self._rows |= {
            file: self._row(file, prediction, None) for file, prediction in zip(part, predictions, strict=True)
        }

    @property
    def remarks(self) -> Sequence[Note]:
        return self._remarks()

    def rows(self) -> list[Row]:
        return [self._rows[file] for file in self._files]

    def stopped(self) -> Interrupted:
        return Interrupted("predict-stopped", done=self.done, files=self.total)

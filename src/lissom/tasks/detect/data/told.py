"""What is said of labels while they are read: faults, which end a training and are listed by a check, and counts."""

from collections.abc import Sequence
from typing import Any

from lissom.errors import DataError
from lissom.events import Note, note

NOTES = (  # in the order in which they are told: what is as it should be
    "polygons", "keypoints", "masks", "crowd", "difficult", "from-zero", "rounded", "turned", "relocated", "dummy",
    "background", "test-unlabelled",
)  # fmt: skip
WARNINGS = (  # and what should be looked at
    "images-missing", "labels-without-image", "not-listed", "listed-twice", "outside", "degenerate", "shared",
)  # fmt: skip


class Told:
    """Collects counts with an example of each, and faults: the first one is raised, unless they are collected."""

    def __init__(self, *, collect: bool = False) -> None:
        self.faults: list[DataError] = []
        self._collect = collect
        self._counts: dict[str, int] = {}
        self._examples: dict[str, str] = {}

    def fault(self, kind: str, **values: Any) -> None:
        """Raises: DataError, unless faults are collected."""
        self.refuse(DataError(kind, **values))

    def refuse(self, error: DataError) -> None:
        """As `fault`, of an error that is there."""
        if not self._collect:
            raise error
        self.faults.append(error)

    def count(self, kind: str, example: str, many: int = 1) -> None:
        """So many more of one kind of `NOTES` or `WARNINGS`."""
        assert kind in NOTES or kind in WARNINGS
        self._counts[kind] = self._counts.get(kind, 0) + many
        self._examples.setdefault(kind, example)

    def counted(self, kind: str) -> int:
        return self._counts.get(kind, 0)

    @property
    def notes(self) -> tuple[Note, ...]:
        return self._said(NOTES)

    @property
    def warnings(self) -> tuple[Note, ...]:
        return self._said(WARNINGS)

    @property
    def counts(self) -> dict[str, int]:
        """By kind, those that there are."""
        return dict(self._counts)

    def _said(self, kinds: Sequence[str]) -> tuple[Note, ...]:
        return tuple(
            note(f"boxes.{kind}", count=self._counts[kind], example=self._examples[kind])
            for kind in kinds
            if kind in self._counts
        )

"""What a measurement says: numbers with their intervals, and whatever stands beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lissom.events import Note
from lissom.plain import plain
from lissom.runs.folder import write_json

EVALUATION = "evaluation.json"

Unit = Literal["share", "count", "seconds", "number"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number."""

    name: str
    value: float | int | None
    """None: nothing defines it, as the recall of a class without samples."""
    unit: Unit = "share"
    """A share is from 0 to 1."""
    low: float | None = None
    """Of its 95 % interval; None: no interval is known."""
    high: float | None = None
    n: int | None = None
    """Samples that it was measured on."""
    split: str = "test"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All that one measurement found; console, page and JSON render it."""

    figures: tuple[Figure, ...]
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain data by name: the scores of each class, the confusion matrix."""
    notes: tuple[Note, ...] = ()
    """What must be known to read them."""
    folder: Path | None = None
    """Where tables and pictures were written."""

    def __getitem__(self, name: str) -> Any:
        """The value of a figure, or a detail."""
        values = self.values
        return values[name] if name in values else self.details[name]

    @property
    def values(self) -> dict[str, float | int | None]:
        """By name."""
        return {figure.name: figure.value for figure in self.figures}

    @property
    def intervals(self) -> dict[str, list[float]]:
        """Low and high of each figure that has them, by its name."""
        return {f.name: [f.low, f.high] for f in self.figures if f.low is not None and f.high is not None}

    def to_dict(self) -> dict[str, Any]:
        """Plain data by name: figures, the interval of `oa` as `oa_interval_95`, details, `notes`, `folder`."""
        found: dict[str, Any] = {}
        for figure in self.figures:
            found[figure.name] = figure.value
            if figure.name in (intervals := self.intervals):
                found[f"{figure.name}_interval_95"] = intervals[figure.name]
        folder = None if self.folder is None else str(self.folder)
        return {**found, **plain(self.details), "notes": plain(self.notes), "folder": folder}

    def write(self) -> None:
        """As `evaluation.json` into the folder, where there is one."""
        if self.folder is not None:
            write_json(self.folder / EVALUATION, self.to_dict())

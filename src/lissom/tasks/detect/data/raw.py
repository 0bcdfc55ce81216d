"""What a reader of one format gives: pictures, and boxes as they are written."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

Box = tuple[float, float, float, float]


class Row(NamedTuple):
    """One box as it is written: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float
    number: int
    """Of its class, from 0."""
    crowd: bool
    line: int
    """Where it stands: a line, or which object of the file, from 1."""


@dataclass
class RawPicture:
    """A picture and what its labels say."""

    file: Path
    part: str
    """"train", "val", "test" or "": none is said."""
    where: str = ""
    """The file of its labels, for errors."""
    declared: tuple[int, int] = (0, 0)
    """Width and height that the labels are for; 0: they do not say."""
    rows: list[Row] = field(default_factory=list)


@dataclass(kw_only=True)
class Raw:
    """A data set as its files say."""

    name: str
    """Short, for the run folder's name."""
    root: Path
    """The folder below which it lies."""
    class_names: tuple[str, ...]
    pictures: list[RawPicture]
    relative: bool = False
    """Boxes are in shares of the picture's sides; else in pixels."""

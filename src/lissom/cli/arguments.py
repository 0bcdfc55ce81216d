"""What argument classes are written with: markers for the parser, and the arguments that several verbs share.

An argument class is a frozen dataclass. Each field is a flag unless it is marked `Positional`; a dataclass inside is a
group of flags. The string below a field is its help; without one that of its type counts.
"""

from dataclasses import dataclass
from typing import Annotated, Literal


class Positional:
    """Marks a field that is positional: `Annotated[Path, Positional]`."""


@dataclass(frozen=True)
class AtLeast:
    """Marks a number that must not be lower."""

    low: float


@dataclass(frozen=True)
class Help:
    """The help of every field of this type that has none of its own."""

    text: str


Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"], Help("Where to compute; auto: cuda where there is one, else mps, else cpu.")
]
Threads = Annotated[int | None, AtLeast(1), Help("CPU threads; None: all cores.")]
Count = Annotated[int, AtLeast(1)]
Json = Annotated[bool, Help("Print JSON.")]
DryRun = Annotated[bool, Help("Only say what would be done.")]
Quiet = Annotated[bool, Help("Print nothing but errors and the run folder.")]

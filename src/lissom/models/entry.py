"""What is known of a network before it is built. No torch here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Option = bool | int | float | str
PROBABILITY = (0.0, 1.0)  # 1 itself left out


class Printed(NamedTuple):
    """A paper's own, rounded figures; None where it prints none."""

    parameters: float | None  # millions
    macs: float | None  # millions
    digit: float = 1.0  # the last digit that is printed for the MACs, in millions: 1 for "569", 100 for "3.8 G"
    faulty: str = ""  # why the figure cannot be right, where it is not: a key of the messages `paper_fault`


class Published(NamedTuple):
    """One published result, with the options that give that network."""

    options: Mapping[str, Any]  # of `build`, width included
    resolution: int  # pixels
    parameters: int
    macs: int  # one image at that resolution
    top1: float | None  # percent; None: no figure was published
    source: str
    printed: Printed | None = None
    fused: tuple[int, int] | None = None  # parameters and MACs after `fuse`, where the source prints these


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A network before it is built."""

    name: str
    title: str
    paper: str
    """arXiv id and venue."""
    year: int
    module: str
    """The paper's file in this folder; of a network of a task's own the whole name of the module that builds it."""
    task: str | None = None
    """The one task that it is for; None: it takes images, as the networks of most tasks do."""
    resolution: int = 224
    """Side of the input that the authors use, in pixels."""
    stride: int = 32
    """Largest stride that its options can give, and so the smallest resolution."""
    num_classes: int = 1000
    """Classes for which the published parameters and MACs hold."""
    in_channels: int = 3
    """Channels of the input for which they hold; of a scene, its components or bands."""
    all_bands: bool = False
    """Whether it is for scenes and its authors take all bands, not principal components."""
    options: Mapping[str, Option] = field(default_factory=dict)
    """Options and their defaults."""
    choices: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)
    """What an option that is a word or one of a few numbers may be."""
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Least and greatest value of the other numbers; one without a row is a probability below 1."""
    small: Mapping[str, Any] = field(default_factory=lambda: {"width": 0.25})
    """Options of `build` that give a small network of the same kind, for tests that cannot afford the large one."""
    published: tuple[Published, ...]
    """The network with all defaults comes first."""

    def __post_init__(self) -> None:
        """Raises: ValueError for a row that leaves out what others are told of the network."""
        if not self.published or dict(self.published[0].options):
            self._incomplete("published", "a row for the network with all defaults, first")
        for name, default in self.options.items():
            if isinstance(default, str) and default not in self.choices.get(name, ()):
                self._incomplete("choices", f"the words that option {name} may be, {default!r} among them")
            whole = isinstance(default, int) and not isinstance(default, bool)
            if whole and name not in self.choices and name not in self.limits:
                self._incomplete("limits", f"least and greatest value of option {name}")

    def _incomplete(self, part: str, expected: str) -> None:
        raise ValueError(f"catalogue row {self.name}: {part} is {getattr(self, part)!r}; expected {expected}")

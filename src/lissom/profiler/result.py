"""What `lissom profile` finds of a network, from which console, tables, pictures, page and JSON are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lissom.messages import text
from lissom.models.entry import Published
from lissom.plain import plain
from lissom.profiler.figures import Profile
from lissom.profiler.limits import Limits
from lissom.profiler.measured import Measurement
from lissom.profiler.reasons import Reason
from lissom.profiler.roofline import FamilyCost, Layer, RooflinePoint, by_family

MILLION = 1e6


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """The published one."""

    top1: float  # percent
    source: str


@dataclass(frozen=True, kw_only=True)
class PaperFigures:
    """The paper's own, rounded figures in millions, and by how much the count differs, as a share of the paper's."""

    parameters: float | None  # None: the paper prints none
    macs: float | None
    parameters_difference: float | None
    macs_difference: float | None
    digit: float  # the last one that is printed for the MACs, in millions
    faulty: str  # why the figure cannot be right, where it is not


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What this machine says of a network."""

    times: Measurement
    limits: Limits
    points: Mapping[str, RooflinePoint] = field(default_factory=dict)  # by layer; empty: they were not timed
    why: tuple[Reason, ...] = ()  # latency does not follow MACs

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; the points stand with their layers."""
        why = [reason.to_dict() for reason in self.why]
        by_layer = {"layers": self.times.layers is not None}
        return {**self.times.to_dict(), **by_layer, "limits": self.limits.to_dict(), "why": why}


@dataclass(frozen=True, kw_only=True)
class ProfileResult:
    """One network's cost at one input, beside what was published of it, and measured where that was asked for."""

    network: str  # label, unique in the table
    resolution: int  # pixels
    in_channels: int
    published: Accuracy | None  # None: for other options or another resolution than these, or not at all
    printed: PaperFigures | None
    counted: Profile
    measured: Measured | None = None
    unfused: tuple[int, int] | None = None  # parameters and MACs of the network that this one was fused of
    fused: tuple[int, int] | None = None  # those that it has fused, where its paper prints these
    file: str | None = None  # that it was read from

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """In the order in which they run."""
        points = self.measured.points if self.measured else {}
        return tuple(Layer(cost=cost, point=points.get(cost.name)) for cost in self.counted.layers)

    @cached_property
    def families(self) -> tuple[FamilyCost, ...]:
        return by_family(self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON, each layer with its family and, where it was timed, its point."""
        return {
            "network": self.network,
            "resolution": self.resolution,
            "in_channels": self.in_channels,
            "published": plain(self.published),
            "printed": plain(self.printed),
            **self.counted.to_dict(),
            "layers": [layer.to_dict() for layer in self.layers],
            "families": plain(self.families),
            "measured": self.measured and self.measured.to_dict(),
            **({"unfused": list(self.unfused)} if self.unfused else {}),
            **({"fused": list(self.fused)} if self.fused else {}),
            **({"file": self.file} if self.file else {}),
        }


def accuracy(published: Published | None) -> Accuracy | None:
    """What was published of it, if anything was."""
    if published is None or published.top1 is None:
        return None
    return Accuracy(top1=published.top1, source=published.source)


def paper_figures(published: Published | None, counted: Profile) -> PaperFigures | None:
    """The paper's figures beside the count, or beside that of the fused network where the paper prints that."""
    printed = published.printed if published else None
    if published is None or printed is None:
        return None
    parameters, macs = published.fused or (counted.parameters, counted.macs)
    return PaperFigures(
        parameters=printed.parameters,
        macs=printed.macs,
        parameters_difference=_difference(parameters, printed.parameters),
        macs_difference=_difference(macs, printed.macs),
        digit=printed.digit,
        faulty=printed.faulty and text(f"paper_fault.{printed.faulty}"),
    )


def _difference(counted: int, printed: float | None) -> float | None:
    return counted / MILLION / printed - 1 if printed else None

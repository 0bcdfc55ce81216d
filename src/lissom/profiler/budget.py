"""The largest form of each network that fits a budget: its widths and resolutions are counted, exactly."""

import bisect
import contextlib
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import nn

from lissom.device import choose_device
from lissom.errors import UsageError
from lissom.models.entry import Entry, Published
from lissom.models.fusing import fuse
from lissom.models.inputs import example
from lissom.models.listing import FLOAT32, Condition, condition
from lissom.models.registry import build, entry, letters, names
from lissom.profiler.counting import count
from lissom.profiler.measured import Measuring, Subject, measure

WIDTHS = (0.25, 0.35, 0.5, 0.75, 1.0)
RESOLUTIONS = (96, 128, 160, 192, 224, 256)
BUDGETED = ("macs", "parameters", "megabytes", "resolution", "year")


@dataclass(frozen=True, kw_only=True)
class Form:
    """A network at one width and resolution."""

    network: str
    width: float
    resolution: int
    parameters: int
    macs: int
    fused: bool
    """The figures are those of the network in use, where its paper prints these."""
    top1: float | None
    source: str | None

    @property
    def label(self) -> str:
        return f"{self.network} x{self.width:g} {self.resolution}px"

    def row(self) -> dict[str, Any]:
        """As a line of a table."""
        return {
            "network": self.network,
            "width": self.width,
            "resolution": self.resolution,
            "parameters": self.parameters,
            "megabytes": round(self.parameters * FLOAT32 / 1e6, 2),
            "macs": self.macs,
            "fused": self.fused,
            "published_top1": self.top1,
            "published_source": self.source,
        }


_NOTHING = Form(network="", width=1, resolution=0, parameters=0, macs=0, fused=False, top1=None, source=None)


def models_under(
    budget: str, pattern: str = "", *, measured: bool = False, device: str = "cpu"
) -> list[dict[str, Any]]:
    """The forms of networks for images that fit a budget, those with the best published accuracy first.

    budget: conditions such as `macs<100M size<2MB`. Of each network whose name contains `pattern` there is the form
    with the most MACs, and that with the best published accuracy where it is another one; CIFAR forms are there where
    the pattern says so. measured: with the median latency in milliseconds of one image, one thread, the networks in
    turn.
    Raises: UsageError for a condition that is none, or that no width or resolution changes.
    """
    tests = [condition(text) for text in budget.split()]
    for each in tests:
        if each.column not in BUDGETED:
            raise UsageError("budget-column", got=each.column, known=", ".join(BUDGETED))
    of_cifar = "cifar" in pattern.lower()
    matching = [n for n in names() if letters(pattern) in letters(n) and n.endswith("_cifar") is of_cifar]
    forms = [form for name in matching for form in _best(entry(name), tests)]
    forms.sort(key=lambda form: (-(form.top1 or 0), -form.macs))
    if not (measured and forms):
        return [form.row() for form in forms]
    times = _latencies(forms, device)
    return [form.row() | {"latency_ms": times[form.label]} for form in forms]


def _best(known: Entry, tests: Sequence[Condition]) -> list[Form]:
    fitting = [form for form in _forms(known, tests) if _fits(form, known, tests)]
    if not fitting:
        return []
    largest = max(fitting, key=lambda form: (form.macs, form.parameters))
    best = max(fitting, key=lambda form: form.top1 or 0)
    return [largest] if best.top1 is None or best == largest else [largest, best]


def _fits(form: Form, known: Entry, tests: Sequence[Condition]) -> bool:
    values = form.row() | {"year": known.year}
    return all(each.compare(values[each.column], each.value) for each in tests)


def _forms(known: Entry, tests: Sequence[Condition]) -> Iterator[Form]:
    """The published ones, and of each width that the network can have the largest resolution that fits.

    Where the budget only bounds from above, what a larger network fits at every resolution a smaller one does too, and
    costs less.
    """
    published = {(row.options.get("width", 1.0), row.resolution): row for row in known.published if _plain(row)}
    yield from (_form(known.name, width, side, row) for (width, side), row in published.items())
    sides = {known.resolution, *(side for _, side in published)}
    sides |= {side for side in RESOLUTIONS if known.stride <= side <= known.resolution}
    bounded = all(each.compare in (operator.lt, operator.le) for each in tests)
    widths = sorted({*WIDTHS, *(width for width, _ in published)})
    known_parameters = {width: _form(known.name, width, 0, row).parameters for (width, _), row in published.items()}

    def is_too_large(width: float) -> bool:
        with contextlib.suppress(UsageError):  # no such width, by its groups
            return not _fits_anywhere(known, width, known_parameters.get(width), tests)
        return False

    if bounded:
        widths = widths[: bisect.bisect_left(widths, True, key=is_too_large)]
    for width in reversed(widths):
        if is_too_large(width):
            continue
        with contextlib.suppress(UsageError):
            form = _largest(known, width, sorted(sides), tests, bounded)
            if form:
                yield form
            if form and bounded and form.resolution == max(sides):
                return


def _fits_anywhere(known: Entry, width: float, parameters: int | None, tests: Sequence[Condition]) -> bool:
    """By what no resolution changes."""
    lasting = [each for each in tests if each.column not in ("macs", "resolution")]
    if not lasting:
        return True
    form = replace(_NOTHING, network=known.name, parameters=parameters or _parameters(known.name, width))
    return _fits(form, known, lasting)


def _largest(known: Entry, width: float, sides: list[int], tests: Sequence[Condition], bounded: bool) -> Form | None:
    """At a width; None where nothing fits. sides: in rising order; a smaller one only costs less."""

    def form(side: int) -> Form:
        return _form(known.name, width, side, None)

    if bounded:
        fitting = bisect.bisect_left(sides, True, key=lambda side: not _fits(form(side), known, tests))
        return form(sides[fitting - 1]) if fitting else None
    return next((found for side in reversed(sides) if _fits(found := form(side), known, tests)), None)


def _plain(row: Published) -> bool:
    return set(row.options) <= {"width"}


@cache
def _network(name: str, width: float) -> nn.Module:
    """In use where its paper prints the figures of that."""
    with torch.device("meta"):
        model = build(name, num_classes=entry(name).num_classes, width=width)
        return fuse(model) if _is_used_fused(name) else model


@cache
def _parameters(name: str, width: float) -> int:
    return sum(parameter.numel() for parameter in _network(name, width).parameters())


@cache
def _macs(name: str, width: float, side: int) -> int:
    return count(_network(name, width), resolution=side).macs


def _is_used_fused(name: str) -> bool:
    return entry(name).published[0].fused is not None


def _form(name: str, width: float, side: int, row: Published | None) -> Form:
    known = (row.fused or (row.parameters, row.macs)) if row else None
    parameters, macs = known or (_parameters(name, width), _macs(name, width, side))
    return Form(
        network=name,
        width=width,
        resolution=side,
        parameters=parameters,
        macs=macs,
        fused=_is_used_fused(name),
        top1=row.top1 if row else None,
        source=(row.source or None) if row else None,
    )


def _latencies(forms: Sequence[Form], device: str) -> dict[str, float]:
    """Median milliseconds of each, by its label."""
    subjects = {}
    for form in forms:
        model = build(form.network, width=form.width).eval()
        subjects[form.label] = Subject(
            model=fuse(model), inputs=example(model, [(3, form.resolution, form.resolution)])
        )
    times = measure(subjects, Measuring(layers=False, memory=False, repeats=20), device=choose_device(device))
    return {label: round(each.latency.median_ms, 3) for label, each in times.items()}

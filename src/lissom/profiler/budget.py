"""The largest form of each network that fits a budget: its widths and resolutions are counted, exactly."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch

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
Rows = Mapping[tuple[float, int], Published]
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
    if not measured:
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
    """Of each width that the network can have, the resolutions down to the first that fits, and those published."""
    published = {(row.options.get("width", 1.0), row.resolution): row for row in known.published if _plain(row)}
    widths = sorted({*WIDTHS, *(width for width, _ in published)}, reverse=True)
    sides = {known.resolution, *(side for _, side in published)}
    sides |= {side for side in RESOLUTIONS if known.stride <= side <= known.resolution}
    for width in widths:
        with contextlib.suppress(UsageError):  # no such width, by its groups
            yield from _of_width(known, width, sorted(sides, reverse=True), published, tests)


def _of_width(
    known: Entry, width: float, sides: list[int], published: Rows, tests: Sequence[Condition]
) -> Iterator[Form]:
    fits = False
    for side in sides:
        row = published.get((width, side))
        if fits and row is None:  # a smaller one only costs less
            continue
        form = _form(known.name, width, side, row)
        fits = fits or _fits(form, known, tests)
        yield form
        if not _fits(replace(form, macs=0, resolution=0), known, tests):  # too large at any resolution
            return


def _plain(row: Published) -> bool:
    return set(row.options) <= {"width"}


@cache
def _counted(name: str, width: float, side: int) -> tuple[int, int]:
    """Parameters and MACs, of the network in use where its paper prints these."""
    with torch.device("meta"):
        model = build(name, num_classes=entry(name).num_classes, width=width)
        counted = count(fuse(model) if _is_used_fused(name) else model, resolution=side)
    return counted.parameters, counted.macs


def _is_used_fused(name: str) -> bool:
    return entry(name).published[0].fused is not None


def _form(name: str, width: float, side: int, row: Published | None) -> Form:
    parameters, macs = (row.fused or (row.parameters, row.macs)) if row else _counted(name, width, side)
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

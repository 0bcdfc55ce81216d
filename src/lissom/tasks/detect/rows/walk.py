"""The rows of a model file one after another: where each reads, what it makes, its stride, and what is wrong with it.

Shapes are measured, not derived: every row's module is built without memory (`meta`) and run on what the rows before it
gave, so that a row cannot say another stride or width than it has. After a fault the walk goes on with what the row
would have given, so that one run finds all faults.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from lissom.errors import DataError, LissomError, near
from lissom.events import Note, note
from lissom.models.classifier import Classifier
from lissom.models.registry import build
from lissom.profiler.shape_mode import shapes_alone
from lissom.tasks.detect.rows.rowfile import NamedBackbone, Row, RowFile
from lissom.tasks.detect.rows.words import WORDS, Site, made

SIDE = 256  # pixels; strides up to 128 divide it
IMAGE = -1  # the source of row 0; maps of a named backbone are -2, -3 ... by rising stride


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with a row; `sources` are the ones that would be right, where there is exactly one answer."""

    row: int
    reason: Note
    sources: tuple[int | str, ...] | None = None

    def __str__(self) -> str:
        return str(note("rows.fault", row=self.row, reason=self.reason))


@dataclass(kw_only=True)
class Step:
    """A row, resolved."""

    index: int
    row: Row
    sources: tuple[int, ...]
    is_head: bool
    module: nn.Module | None
    site: Site
    stride: float
    channels: int
    asked: int | None = None
    """Width that the file asks for, before it is scaled; None: the word names none."""

    @property
    def works(self) -> bool:
        """Whether it has weights of its own: it does not only move what others made."""
        return self.module is not None and any(True for _ in self.module.parameters())


@dataclass(kw_only=True)
class Plan:
    """What the walk found."""

    file: RowFile
    steps: list[Step]
    backbone: nn.Module | None
    """A registered network, where the file names one; its maps are the sources -2, -3 ..."""
    levels: tuple[int, ...]
    """Which of the backbone's maps these are."""
    maps: dict[int, Tensor]
    """What each row and each map of a named backbone gives for an image of 256 pixels."""
    faults: list[Fault] = field(default_factory=list)
    detect: tuple[int, ...] = ()
    """Sources of Detect."""

    def stride(self, source: int) -> float:
        return SIDE / self.maps[source].shape[2]

    def channels(self, source: int) -> int:
        return self.maps[source].shape[1]

    @property
    def multiple(self) -> int:
        """What the sides of an image are multiples of, so that all maps fit each other: the largest stride of the
        backbone, of what is enlarged, and of what does not round up; where the head's last rows do, their levels may
        have a cell that lies partly outside."""
        backbone = [self.stride(source) for source in self.maps if source < IMAGE]
        backbone += [step.stride for step in self.steps if not step.is_head]
        working = [step for step in self.steps if not step.row.is_detect]
        enlarged = [self.stride(s) for step in working for s in step.sources if self.stride(s) > step.stride]
        exact = [step.stride for step in working if step.is_head and not self._rounds_up(step)]
        return int(max([*backbone, *enlarged, *exact, 1]))

    def _rounds_up(self, step: Step) -> bool:
        """Whether a map whose side the row does not divide gets a cell more: the row is tried on one."""
        ratio = step.stride / self.stride(step.sources[0])
        if step.module is None or ratio <= 1 or len(step.sources) > 1:
            return True
        try:
            out = step.module(torch.empty(1, step.site.in_channels, *[int(7 * ratio) + 1] * 2, device="meta"))
        except RuntimeError:
            return False
        return out.shape[2] == 8

    def name(self, source: int) -> str:
        """As a file would write it."""
        return str(source) if source >= IMAGE else f"@P{int(self.stride(source)).bit_length() - 1}"

    def last(self, stride: float, before: int, *, head: bool | None = None) -> int | None:
        """The last row of a stride among those before a row; head: of head (True) or backbone (False) alone."""
        rows = [s.index for s in self.steps[:before] if s.stride == stride and head in (None, s.is_head)]
        named = [
            source for source in self.maps if source < IMAGE and self.stride(source) == stride and head is not True
        ]
        return rows[-1] if rows else next(iter(named), None)


def walk(file: RowFile) -> Plan:
    """Every row of the file. Raises: DataError where a named backbone cannot be built."""
    with torch.device("meta"), shapes_alone():
        backbone, levels, maps = _named(file)
        plan = Plan(file=file, steps=[], backbone=backbone, levels=levels, maps=maps)
        tags: dict[str, int] = {}
        for index, row in enumerate(file.rows):
            _take(plan, index, row, tags)
    return plan


def _named(file: RowFile) -> tuple[nn.Module | None, tuple[int, ...], dict[int, Tensor]]:
    image = torch.zeros(1, file.in_channels, SIDE, SIDE)
    named = file.backbone
    if not isinstance(named, NamedBackbone):
        return None, (), {IMAGE: image}
    model = build(named.name, in_channels=file.in_channels, width=named.width, **named.options)
    if not isinstance(model, Classifier):
        raise DataError("rows-no-pyramid", name=named.name)
    known = [level.stride for level in model.pyramid]
    if missing := [stride for stride in named.out if stride not in known]:
        raise DataError("rows-no-level", name=named.name, stride=missing[0], found=", ".join(map(str, known)))
    trunk = model.backbone().eval()
    given, levels = trunk(image), tuple(known.index(stride) for stride in named.out)
    return trunk, levels, {IMAGE: image} | {IMAGE - 1 - at: given[level] for at, level in enumerate(levels)}


def _take(plan: Plan, index: int, row: Row, tags: dict[str, int]) -> None:
    """One row: its sources, then its module, then what that gives."""
    is_head = index >= plan.file.backbone_rows
    sources = tuple(_source(plan, index, each, tags) for each in row.source)
    if row.tag:
        tags[row.tag] = index
    if row.is_detect:
        plan.detect = sources
        if index != len(plan.file.rows) - 1:
            plan.faults.append(Fault(row=index, reason=note("rows.detect-early", last=len(plan.file.rows) - 1)))
    channels = plan.channels(sources[0])
    repeats = max(round(row.number * plan.file.depth), 1) if row.number > 1 else 1
    site = Site(channels, repeats, plan.file.notes_form)
    step = Step(
        index=index, row=row, sources=sources, is_head=is_head, module=None, site=site, stride=0.0, channels=channels
    )
    plan.steps.append(step)
    inputs = [plan.maps[source] for source in sources]
    out = inputs[0] if row.is_detect else _made(plan, step, inputs)
    plan.maps[index] = out
    step.stride, step.channels = SIDE / out.shape[2], out.shape[1]


def _source(plan: Plan, index: int, given: int | str, tags: Mapping[str, int]) -> int:
    """The absolute number of a source; where it cannot be, the row before, and a fault."""
    before = index - 1 if index > 0 or plan.backbone is None else min(plan.maps)
    if isinstance(given, str):
        found = tags.get(given, _level(plan, given))
        if found is None:
            known = [*tags, *sorted(_levels(plan))]
            plan.faults.append(
                Fault(row=index, reason=note("rows.tag-unknown", got=given, known=", ".join(known) or "-"))
            )
        return before if found is None else found
    if given == -1:
        return before
    source = index + given if given < 0 else given
    if not 0 <= source < index:
        plan.faults.append(Fault(row=index, reason=note("rows.source-range", got=given, last=index - 1)))
        return before
    return source


def _levels(plan: Plan) -> dict[str, int]:
    """`@P3` and its kin: the maps of a named backbone, or the last backbone row of each stride."""
    if plan.backbone is not None:
        return {plan.name(source): source for source in plan.maps if source < IMAGE}
    rows = [step for step in plan.steps if not step.is_head and step.stride >= 2]
    return {f"@P{int(step.stride).bit_length() - 1}": step.index for step in rows}


def _level(plan: Plan, tag: str) -> int | None:
    return _levels(plan).get(tag)


def _made(plan: Plan, step: Step, inputs: list[Tensor]) -> Tensor:
    """What the row gives; where it cannot be built or run, what it would have given, and a fault."""
    row, file = step.row, plan.file
    word = WORDS.get(row.module)
    if word is None:
        reason_of = note("rows.word-unknown", got=row.module, near=near(row.module, WORDS))
        plan.faults.append(Fault(row=step.index, reason=reason_of))
        return _guess(row, inputs)
    if len(inputs) > 1 and not word.joins:
        plan.faults.append(Fault(row=step.index, reason=note("rows.one-source", word=row.module, got=len(inputs))))
    if word.joins and len({each.shape[2:] for each in inputs}) > 1:
        plan.faults.append(_unequal(plan, step))
        return torch.empty(1, sum(each.shape[1] for each in inputs), *inputs[0].shape[2:])
    try:
        step.module, step.asked = made(word, row.args, step.site, width=file.scale(step.index), act=file.activation)
        out = step.module.eval()(inputs if word.joins else inputs[0])
        copies = 1 if word.repeats_inside else step.site.repeats
        if copies > 1 and out.shape[1] != step.channels:  # each is built for the same input
            raise DataError("rows-repeat-changes", number=copies, before=step.channels, after=out.shape[1])
        return out
    except LissomError as error:
        reason: object = error
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
    step.module = None
    given = ", ".join(map(str, row.args))
    plan.faults.append(
        Fault(
            row=step.index,
            reason=note("rows.not-built", word=row.module, args=given, channels=step.channels, why=str(reason)),
        )
    )
    return _guess(row, inputs)


def _guess(row: Row, inputs: Sequence[Tensor]) -> Tensor:
    """The first input with the width that the arguments begin with, so that the rows after it can be looked at."""
    first: Any = row.args[0] if row.args else None
    is_width = isinstance(first, int) and not isinstance(first, bool) and 0 < first < 100_000
    return torch.empty(1, first, *inputs[0].shape[2:]) if is_width else inputs[0]


def _unequal(plan: Plan, step: Step) -> Fault:
    """Joined rows of different stride: the one before is believed, the others are named with what would fit."""
    anchor = plan.stride(step.sources[0])
    fitting = tuple(
        source if plan.stride(source) == anchor else beside(plan, step.index, source, anchor) for source in step.sources
    )
    odd = next(source for source in step.sources if plan.stride(source) != anchor)
    candidate = fitting[step.sources.index(odd)]
    reason = note(
        "rows.join",
        first=plan.name(step.sources[0]),
        stride=f"{anchor:g}",
        odd=plan.name(odd),
        other=f"{plan.stride(odd):g}",
        candidate="-" if candidate is None else plan.name(candidate),
    )
    written = (
        None if None in fitting else tuple(as_written(plan, step, source) for source in fitting if source is not None)
    )
    return Fault(row=step.index, reason=reason, sources=written)


def beside(plan: Plan, index: int, source: int, stride: float) -> int | None:
    """What a join at `index` most likely means: the last row of that stride before the rows that lead to it."""
    start = index
    while start > 0 and plan.steps[start - 1].stride == stride and plan.steps[start - 1].sources == (start - 2,):
        start -= 1
    return plan.last(stride, start)


def as_written(plan: Plan, step: Step, source: int) -> int | str:
    """A source as a file has it: -1 stays -1, a map of a named backbone is a tag."""
    position = step.sources.index(source) if source in step.sources else -1
    if position >= 0:
        return step.row.source[position]
    return source if source >= 0 else plan.name(source)

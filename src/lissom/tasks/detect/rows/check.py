"""What can be built and is wrong all the same: wrong taps, rows that learn nothing, anchors that do not fit."""

from collections.abc import Iterable, Iterator
from math import prod

from lissom.events import note
from lissom.tasks.detect.rows.rowfile import RowFile
from lissom.tasks.detect.rows.walk import IMAGE, Fault, Plan, Step, as_written, beside, walk


def check(file: RowFile) -> Plan:
    """The plan of the file with all its faults, in the order of the rows."""
    plan = walk(file)
    plan.faults += [*_taps(plan), *_detect(plan), *_unread(plan)]
    plan.faults.sort(key=lambda fault: fault.row)
    return plan


def _taps(plan: Plan) -> Iterator[Fault]:
    """Joins of the head that read another backbone row than the last of its stride, or a mere join of the head."""
    for step in plan.steps:
        is_join = step.is_head and len(step.sources) > 1 and not step.row.is_detect
        if not is_join or len({plan.stride(source) for source in step.sources}) > 1:
            continue
        for source in step.sources:
            if source < 0 or source == step.index - 1 or _is_right(plan, source):
                continue
            yield _tap(plan, step, source)


def _is_right(plan: Plan, source: int) -> bool:
    """The backbone's last row of its stride, or a row of the head that computes."""
    tapped = plan.steps[source]
    if tapped.is_head:
        return tapped.works
    return plan.last(tapped.stride, len(plan.steps), head=False) == source


def _tap(plan: Plan, step: Step, source: int) -> Fault:
    stride = plan.stride(source)
    candidate = beside(plan, step.index, source, stride)
    fitting = [candidate if each == source else each for each in step.sources]
    written = None if candidate is None else tuple(as_written(plan, step, e) for e in fitting if e is not None)
    key = "rows.tap-head" if plan.steps[source].is_head else "rows.tap"
    last = "-" if candidate is None else plan.name(candidate)
    reason = note(key, got=source, word=plan.steps[source].row.module, stride=f"{stride:g}", candidate=last)
    return Fault(row=step.index, reason=reason, sources=written)


def _detect(plan: Plan) -> Iterator[Fault]:
    """Detect reads the last row of each stride, as many as there are levels of anchors where it has them, which grow
    with the strides."""
    index = len(plan.steps) - 1
    if not plan.detect or not plan.steps[index].row.is_detect:
        yield Fault(row=index, reason=note("rows.no-detect", got=plan.steps[index].row.module))
        return
    strides = [plan.stride(source) for source in plan.detect]
    meant = _meant(plan, index, len(strides))
    wrong = [source for source in plan.detect if source not in _last_rows(plan, index).values()]
    if wrong or len(set(strides)) < len(strides):
        got, expected = _listed(plan, plan.detect), _listed(plan, meant) if meant else "-"
        reason = note("rows.detect-sources", got=got, strides=_numbers(strides), expected=expected)
        yield Fault(
            row=index, reason=reason, sources=tuple(as_written(plan, plan.steps[index], s) for s in meant) or None
        )
    if any(stride != int(stride) for stride in strides):
        yield Fault(row=index, reason=note("rows.detect-strides", strides=_numbers(strides)))
    yield from _anchors(plan, index, strides)


def _last_rows(plan: Plan, index: int) -> dict[float, int]:
    """The last row of each stride before a row; a map of a named backbone where the head has none."""
    named = {plan.stride(source): source for source in plan.maps if source < IMAGE}
    return named | {step.stride: step.index for step in plan.steps[:index]}


def _meant(plan: Plan, index: int, levels: int) -> tuple[int, ...]:
    """The last rows of the head's strides, where there are as many as levels."""
    heads = {step.stride: step.index for step in plan.steps[:index] if step.is_head}
    return tuple(heads[stride] for stride in sorted(heads)) if len(heads) == levels else ()


def _anchors(plan: Plan, index: int, strides: list[float]) -> Iterator[Fault]:
    row, anchors = plan.steps[index].row, plan.file.anchors
    if row.args[:1] not in ((), ("nc",), (plan.file.num_classes,)):
        yield Fault(row=index, reason=note("rows.detect-classes", got=row.args[0], expected=plan.file.num_classes))
    if plan.file.is_anchor_free:
        widths = {plan.channels(source): None for source in plan.detect}
        if len(widths) > 1:
            yield Fault(row=index, reason=note("rows.detect-widths", got=", ".join(map(str, widths))))
        if anchors or row.args[1:]:
            yield Fault(row=index, reason=note("rows.anchors-unused", word=row.module))
        return
    if row.args[1:] not in ((), ("anchors",)):
        yield Fault(row=index, reason=note("rows.detect-args", got=str(row.args[1])))
    if isinstance(anchors, int):
        return
    if len(anchors) != len(strides):
        yield Fault(row=index, reason=note("rows.anchors-levels", got=len(anchors), expected=len(strides)))
        return
    areas = [sum(prod(pair) for pair in zip(level[::2], level[1::2], strict=True)) for level in anchors]
    by_stride = [area for _, area in sorted(zip(strides, areas, strict=True))]
    if by_stride != sorted(by_stride):
        yield Fault(row=index, reason=note("rows.anchors-order", strides=_numbers(strides)))


def _unread(plan: Plan) -> Iterator[Fault]:
    """Rows that nothing reads, and rows whose readers lead nowhere: neither gets a gradient."""
    read = {source for step in plan.steps for source in step.sources}
    reached, left = set(plan.detect), list(plan.detect)
    while left:
        source = left.pop()
        new = set(plan.steps[source].sources) - reached if source >= 0 else set()
        reached |= new
        left += new
    for step in plan.steps[:-1]:
        if step.index not in read:
            yield Fault(row=step.index, reason=note("rows.dead", word=step.row.module))
        elif step.index not in reached and not step.row.is_detect:
            yield Fault(row=step.index, reason=note("rows.no-gradient", word=step.row.module))


def _listed(plan: Plan, sources: Iterable[int]) -> str:
    return ", ".join(plan.name(source) for source in sources)


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)

"""A model file with the sources that its faults name, written as a file again."""

from typing import Any

import yaml

from lissom.plain import to_json
from lissom.tasks.detect.rows.check import check
from lissom.tasks.detect.rows.rowfile import NamedBackbone, Row, RowFile, with_sources
from lissom.tasks.detect.rows.walk import Plan

ROUNDS = 20  # more than a head has joins


def mended(file: RowFile) -> Plan:
    """The plan of the file with every fault mended that has one right answer; `faults` are those that are left.

    From the first row on, one at a time: a mended row changes what those after it see.
    """
    plan = check(file)
    for _ in range(ROUNDS):
        fault = next((fault for fault in plan.faults if fault.sources), None)
        if fault is None or fault.sources is None or plan.steps[fault.row].row.source == fault.sources:
            break
        plan = check(with_sources(plan.file, {fault.row: fault.sources}))
    return plan


def as_text(file: RowFile) -> str:
    """The file in its format, a row on a line."""
    lines = [f"nc: {file.num_classes}", f"depth_multiple: {_number(file.depth)}"]
    lines.append(f"width_multiple: {_number(file.width)}")
    if file.head_width is not None:
        lines.append(f"head_width: {_number(file.head_width)}")
    if file.in_channels != 3:
        lines.append(f"ch: {file.in_channels}")
    if file.activation != "SiLU":
        lines.append(f"activation: {file.activation}")
    if file.notes_form:
        lines.append("notes_form: true")
    if file.kept:
        lines.append(yaml.safe_dump(dict(file.kept), sort_keys=False, allow_unicode=True).rstrip())
    lines += _anchors(file)
    if isinstance(file.backbone, NamedBackbone):
        lines += ["backbone:", *_named(file.backbone)]
    else:
        lines += ["backbone:", *(f"  - {_row(row)}" for row in file.backbone)]
    lines += ["head:", *(f"  - {_row(row)}" for row in file.head)]
    return "\n".join(lines) + "\n"


def _anchors(file: RowFile) -> list[str]:
    if isinstance(file.anchors, int):
        return [f"anchors: {file.anchors}"]
    if not file.anchors:
        return []
    return ["anchors:", *(f"  - [{', '.join(f'{side:g}' for side in level)}]" for level in file.anchors)]


def _named(backbone: NamedBackbone) -> list[str]:
    lines = [f"  name: {_text(backbone.name)}", f"  width: {_number(backbone.width)}"]
    if backbone.weights is not None:
        lines.append(f"  weights: {_text(backbone.weights)}")
    lines.append(f"  out: {list(backbone.out)}")
    if backbone.options:
        lines.append(f"  options: {_text(dict(backbone.options))}")
    return lines


def _row(row: Row) -> str:
    source = _value(row.source[0] if len(row.source) == 1 else list(row.source))
    tag = f", {_text(row.tag)}" if row.tag else ""
    return f"[{source}, {row.number}, {row.module}, {_value(list(row.args))}{tag}]"


def _value(value: Any) -> str:
    """As YAML reads it back: words that the format uses bare, tags quoted."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value if value.replace("_", "").isalnum() else _text(value)
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    """Short where that reads back as the same."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _text(value: Any) -> str:
    """On one line, as JSON and YAML alike."""
    return to_json(value, indent=None)

"""What a model file holds, row by row, as plain data: what `check-model` prints."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import torch

from lissom.errors import UsageError
from lissom.events import note
from lissom.models.resolve import channels_of
from lissom.profiler.counting import count
from lissom.profiler.figures import Profile
from lissom.tasks.detect.rows.check import check
from lissom.tasks.detect.rows.mend import as_text, mended
from lissom.tasks.detect.rows.network import network
from lissom.tasks.detect.rows.reading import is_row_file, read
from lissom.tasks.detect.rows.rowfile import NamedBackbone, RowFile
from lissom.tasks.detect.rows.walk import Fault, Plan, Step


def report(path: Path, *, section: str | None, resolution: int, fix: bool) -> dict[str, Any] | None:
    """The rows of a model file with costs at `resolution` pixels, and its faults; None: it is not such a file.

    fix: with the sources that the faults name; `fixed` is then the file's text, and the rows are those of it.
    Raises: DataError for a file of this kind that cannot be read.
    """
    if not is_row_file(path):
        return None
    file = read(path, section=section)
    before = check(file)
    plan = mended(file) if fix and before.faults else before
    _check_resolution(plan, resolution)
    costs = None if plan.faults else _costs(plan.file, resolution)
    rows = [_row(plan, step, costs) for step in plan.steps]
    result = {
        "file": str(path),
        "kind": "yolov5-rows",
        "section": section,
        "classes": file.num_classes,
        "resolution": resolution,
        "rows": rows,
        "faults": [{"row": fault.row, "reason": str(fault.reason)} for fault in plan.faults],
        "mended": [{"row": fault.row, "reason": str(fault.reason)} for fault in _gone(before, plan)],
        "fixed": as_text(plan.file) if fix and not plan.faults else None,
    }
    return result | (_sums(plan, rows, costs) if costs else {"parameters": None, "macs": None, "parts": []})


def _check_resolution(plan: Plan, resolution: int) -> None:
    """Raises: UsageError where maps of the levels would not fit each other at that size."""
    if resolution % plan.multiple:
        expected = note("rows.multiple", stride=plan.multiple)
        raise UsageError("setting-out-of-range", name="resolution", got=resolution, expected=expected)


def _gone(before: Plan, after: Plan) -> list[Fault]:
    left = {(fault.row, str(fault.reason)) for fault in after.faults}
    return [fault for fault in before.faults if (fault.row, str(fault.reason)) not in left]


def _costs(file: RowFile, resolution: int) -> dict[str, tuple[int, int]]:
    """Parameters and MACs of each row's module by its name, of the backbone and of the whole.

    Raises: DataError where the network does not run at that size.
    """
    with torch.device("meta"):
        model = network(file)
    profile: Profile = count(model, resolution=resolution, in_channels=channels_of(model))
    modules = {module.name: (module.parameters, module.macs) for module in profile.modules}
    return modules | {"": (profile.parameters, profile.macs)}


def _row(plan: Plan, step: Step, costs: dict[str, tuple[int, int]] | None) -> dict[str, Any]:
    is_detect = step.row.is_detect
    name = "head" if is_detect else f"rows.{step.index}"
    parameters, macs = (costs or {}).get(name, (0, 0))
    strides = [plan.stride(source) for source in step.sources] if is_detect else [step.stride]
    return {
        "row": step.index,
        "part": part(plan, step),
        "from": ", ".join(map(str, step.row.source)),
        "number": step.row.number,
        "module": step.row.module,
        "args": ", ".join(map(str, step.row.args)),
        "stride": ", ".join(_plain(stride) for stride in strides),
        "requested": step.asked,
        "channels": None if is_detect else step.channels,
        "parameters": parameters if costs else None,
        "macs": macs if costs else None,
    }


def part(plan: Plan, step: Step) -> str:
    """`backbone`, `neck`, or `head`: the last row, which puts out boxes."""
    if step.row.is_detect:
        return "head"
    return "neck" if step.is_head else "backbone"


def _plain(stride: float) -> str:
    return str(int(stride)) if stride == int(stride) else str(Fraction(stride))


def _sums(plan: Plan, rows: list[dict[str, Any]], costs: dict[str, tuple[int, int]]) -> dict[str, Any]:
    parts = {name: [0, 0] for name in ("backbone", "neck", "head")}
    for row in rows:
        parts[row["part"]][0] += row["parameters"]
        parts[row["part"]][1] += row["macs"]
    if isinstance(plan.file.backbone, NamedBackbone):
        parts["backbone"] = list(costs.get("backbone", (0, 0)))
    return {
        "parameters": costs[""][0],
        "macs": costs[""][1],
        "parts": [{"part": name, "parameters": p, "macs": m} for name, (p, m) in parts.items()],
    }

"""Profiles as JSON, and read again from files to be put side by side."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from lissom.errors import DataError
from lissom.plain import to_json
from lissom.profiler import limits, reasons
from lissom.profiler.figures import LayerCost, ModuleCost, Profile
from lissom.profiler.layer_times import LayerTimes
from lissom.profiler.machine import Machine, differences
from lissom.profiler.measured import Measurement
from lissom.profiler.result import Accuracy, Measured, PaperFigures, ProfileResult
from lissom.profiler.roofline import RooflinePoint
from lissom.report.profile_columns import LATENCIES
from lissom.timing.harness import Latency

Kind = TypeVar("Kind")
Values = Mapping[str, Any]


def as_json(results: Sequence[ProfileResult]) -> str:
    """One profile, or a list of several."""
    whole = [one.to_dict() for one in results]
    return to_json(whole[0] if len(whole) == 1 else whole) + "\n"


def read_profiles(files: Sequence[Path]) -> list[ProfileResult]:
    """The profiles in files that hold `as_json`. Raises: DataError for a file that is none."""
    return [result for file in files for result in _read(file)]


def require_one_machine(results: Sequence[ProfileResult], columns: Sequence[str] = ()) -> None:
    """Passes when no two latencies come from different machines, or when `columns` are named that hold none of them.

    Raises: DataError naming both files and the first setting in which they differ.
    """
    if columns and not LATENCIES & set(columns):
        return
    timed = [(one.file or one.network, one.measured.times) for one in results if one.measured]
    for name, times in timed[1:]:
        differ = differences(_circumstances(timed[0][1]), _circumstances(times))
        if differ:
            setting, (left, right) = next(iter(differ.items()))
            raise DataError("machines-differ", one=timed[0][0], other=name, name=setting, left=left, right=right)


def from_dict(values: Values) -> ProfileResult:
    """What `ProfileResult.to_dict` gave. Raises: KeyError, TypeError or ValueError for anything else."""
    published, printed, measured = (values.get(key) for key in ("published", "printed", "measured"))
    costs = {key: tuple(_take(kind, row) for row in values[key]) for key, kind in _ROWS.items()}
    return ProfileResult(
        network=values["network"],
        resolution=values["resolution"],
        in_channels=values["in_channels"],
        published=_take(Accuracy, published) if published else None,
        printed=_take(PaperFigures, printed) if printed else None,
        counted=_take(Profile, {**values, **costs}),
        measured=_measured(measured, values["layers"]) if measured else None,
        unfused=_pair(values.get("unfused")),
        fused=_pair(values.get("fused")),
        file=values.get("file"),
    )


def _pair(values: Any) -> tuple[int, int] | None:
    if not values:
        return None
    parameters, macs = values
    return int(parameters), int(macs)


_ROWS = {"layers": LayerCost, "modules": ModuleCost}


def _read(file: Path) -> list[ProfileResult]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError("profile-unreadable", path=file, reason=error) from None
    found = content if isinstance(content, list) else [content]
    if not all(isinstance(one, dict) and {"network", "macs", "layers"} <= one.keys() for one in found):
        raise DataError("profile-unreadable", path=file, reason="no profile in it")
    try:
        return [from_dict({**one, "file": str(file)}) for one in found]
    except KeyError as error:
        raise DataError("profile-unreadable", path=file, reason=f"{error.args[0]} is missing") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise DataError("profile-unreadable", path=file, reason=error) from None


def _measured(values: Values, layers: Sequence[Values]) -> Measured:
    own = {"machine": _take(Machine, values["machine"]), "latency": _take(Latency, values["latency"])}
    return Measured(
        times=_take(Measurement, {**values, **own, "layers": _layer_times(values) if values["layers"] else None}),
        limits=limits.from_dict(values["limits"]),
        points={layer["name"]: _take(RooflinePoint, layer) for layer in layers if "time_ms" in layer},
        why=tuple(reasons.from_dict(reason) for reason in values["why"]),
    )


def _layer_times(values: Values) -> LayerTimes:
    """The first files did not name the statistic: it was the median."""
    statistic = values.get("layer_statistic", "median")
    return LayerTimes(statistic=statistic, sum_ms=values["layer_sum_ms"], hook_us=values["hook_us"])


def _take(kind: type[Kind], values: Values) -> Kind:
    """The dataclass from its fields among `values`; lists become tuples. Raises: KeyError for one that is missing."""
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    needed = [field.name for field in fields if field.name in values or field.default is dataclasses.MISSING]
    return kind(**{name: _frozen(values[name]) for name in needed})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value


def _circumstances(times: Measurement) -> dict[str, Any]:
    here = {**times.machine.to_dict(), "batch": times.batch}
    if here["threads"] == 1:  # one thread waits for no other, so how it would wait moves nothing
        here |= {"omp_wait_policy": "any", "spin_count": "any"}
    return here

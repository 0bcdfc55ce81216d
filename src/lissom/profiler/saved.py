"""Profiles as JSON, and read again from files to be put side by side."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lissom.bounds import read_text
from lissom.errors import DataError
from lissom.plain import from_json, short, to_json
from lissom.profiler import reasons
from lissom.profiler.limits import Limits
from lissom.profiler.machine import differences
from lissom.profiler.measured import Measurement
from lissom.profiler.result import Measured, ProfileResult
from lissom.profiler.roofline import RooflinePoint
from lissom.report.profile_columns import LATENCIES
from lissom.runs.typed import checked

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
    """What `ProfileResult.to_dict` gave. Raises: ValueError that says which value is missing or of another type."""
    found = checked(ProfileResult, {**values, "counted": values, "measured": None})
    measured = values.get("measured")
    return dataclasses.replace(found, measured=None if measured is None else _measured(measured, values["layers"]))


def _read(file: Path) -> list[ProfileResult]:
    try:
        content = from_json(read_text(file))
    except (OSError, ValueError) as error:
        raise DataError("profile-unreadable", path=file, reason=error) from None
    found = content if isinstance(content, list) else [content]
    if not all(isinstance(one, dict) and {"network", "macs", "layers"} <= one.keys() for one in found):
        raise DataError("profile-unreadable", path=file, reason="no profile in it")
    try:
        return [from_dict({**one, "file": str(file)}) for one in found]
    except ValueError as error:
        raise DataError("profile-unreadable", path=file, reason=str(error).removeprefix("counted.")) from None


def _measured(values: Any, layers: Sequence[Values]) -> Measured:
    if not isinstance(values, Mapping):
        raise ValueError(f"measured is {short(values)}, not an object")
    why = values.get("why")
    if not isinstance(why, list):
        raise ValueError(f"measured.why is {short(why)}, not a list")
    points = [(f"layers[{at}]", layer) for at, layer in enumerate(layers) if "time_ms" in layer]
    return Measured(
        times=checked(Measurement, {**values, "layers": _layer_times(values)}, "measured"),
        limits=checked(Limits, values.get("limits"), "measured.limits"),
        points={layer["name"]: checked(RooflinePoint, layer, where) for where, layer in points},
        why=tuple(_reason(reason, f"measured.why[{at}]") for at, reason in enumerate(why)),
    )


def _layer_times(values: Values) -> Values | None:
    """The first files did not name the statistic: it was the median."""
    if not values.get("layers"):
        return None
    given = {"sum_ms": "layer_sum_ms", "hook_us": "hook_us"}
    kept = {name: values[stored] for name, stored in given.items() if stored in values}
    return {"statistic": values.get("layer_statistic", "median"), **kept}


def _reason(values: Any, where: str) -> reasons.Reason:
    """A reason that has its words in every language."""
    try:
        found = reasons.from_dict(values)
        found.sentence()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"{where} is {short(values)}, of which no sentence can be made") from error
    return found


def _circumstances(times: Measurement) -> dict[str, Any]:
    here = {**times.machine.to_dict(), "batch": times.batch}
    if here["threads"] == 1:  # one thread waits for no other, so how it would wait moves nothing
        here |= {"omp_wait_policy": "any", "spin_count": "any"}
    return here

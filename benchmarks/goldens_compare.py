"""What two runs have left, compared: every file and printed answer becomes named values, exact ones and close ones.

Exact values agree to the bit. Of JSON only the names below count, wherever they stand in it: its layout may change.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file
from scipy.io import loadmat

CLOSE = 1e-6  # PyTorch's softmax and NumPy's may become one, which moves a float32 probability by some 1e-7
TIMINGS = {"seconds", "evaluation_seconds", "images_per_second"}  # columns that differ between two equal runs
EXACT = {
    "images", "pixels", "correct", "top1", "top1_interval_95", "top5", "macro_f1", "confusion", "most_confused",
    "per_class", "class", "precision", "recall", "f1", "true", "predicted", "count",  # evaluation
    "oa", "oa_interval_95", "aa", "kappa", "leak", "id", "share", "height", "width", "masked",  # of scenes
    "label",  # predict
    "parameters", "macs", "epochs", "val_top1", "test_top1", "interval_95", "verdicts",  # compare
}  # fmt: skip
NEAR = {"calibration_error", "probability"}
WEIGHTS = ("metrics.jsonl", "best.safetensors", "last.safetensors")  # what every run of a network leaves


class Content(NamedTuple):
    """What one file or answer says, by name; `kind` is what its exact values are counted as."""

    kind: str
    exact: Mapping[str, Any]
    close: Mapping[str, Any]


class Fault(NamedTuple):
    """One value that is not what it was."""

    name: str
    change: str
    size: float  # largest difference of a number, NaN where there is none


@dataclass
class Found:
    """What was compared, and a sentence for each file or answer that differs; they read `first -> second`."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        self.counts += other.counts
        self.differences += other.differences


def compare_runs(first: Path, second: Path, *, files: Iterable[str] = WEIGHTS) -> Found:
    """Two run folders: rows, weights and maps by the names of their files, and the figures of the test set.

    files: those that must be there; others of a kind that is read are compared where either folder has them.
    """
    there = [{path.name: path for path in sorted(folder.rglob("*")) if path.suffix in READERS}
             for folder in (first, second)]  # fmt: skip
    found = Found()
    for name in sorted({*files, *there[0], *there[1]}):
        found.add(compare_files(f"{second.name}/{name}", *(each.get(name) for each in there)))
    found.add(compare(f"{second.name}/evaluation.json", test_figures(first), test_figures(second)))
    return found


def compare_files(where: str, first: Path | None, second: Path | None) -> Found:
    """Two files of one kind, None or not there: missing."""
    states = ["there" if path and path.is_file() else "missing" for path in (first, second)]
    if "missing" in states:
        return Found(differences=[f"{where}: {' -> '.join(states)}"])
    assert first
    assert second
    try:
        found = compare(where, content(first), content(second))
    except (OSError, ValueError, SafetensorError) as error:
        return Found(differences=[f"{where}: cannot be read: {error}"])
    found.counts["files"] += 1
    return found


def compare(where: str, first: Content, second: Content) -> Found:
    """The named values of two sides; nothing on both is a difference too, as it proves nothing."""
    faults = [*differing(first.exact, second.exact, same), *differing(first.close, second.close, near)]
    names = first.exact.keys() | second.exact.keys() | first.close.keys() | second.close.keys()
    if not names:
        return Found(differences=[f"{where}: nothing to compare"])
    identical = sum(same(value, second.close.get(name)) for name, value in first.close.items())
    counts = {first.kind: len(first.exact), "close": len(first.close), "close_identical": identical}
    return Found(Counter(counts), [f"{where}: {told(faults, len(names))}"] if faults else [])


def differing(
    first: Mapping[str, Any], second: Mapping[str, Any], alike: Callable[[Any, Any], bool]
) -> Iterator[Fault]:
    """A fault for each name that one side lacks, or whose values are not alike."""
    for name in dict.fromkeys([*first, *second]):
        if name not in first or name not in second:
            yield Fault(name, "there -> missing" if name in first else "missing -> there", float("nan"))
        elif not alike(first[name], second[name]):
            yield fault(name, first[name], second[name])


def same(first: Any, second: Any) -> bool:
    """To the bit; an array's type and shape count, and that of a number does not: JSON may write 1 for 1.0."""
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        kinds = (first.dtype, first.shape) == (second.dtype, second.shape)
        return kinds and first.tobytes() == second.tobytes()
    if is_number(first) and is_number(second):
        return float(first).hex() == float(second).hex()
    return type(first) is type(second) and first == second


def near(first: Any, second: Any) -> bool:
    """Within CLOSE, NaN in the same places."""
    if same(first, second):
        return True
    if not is_numeric(first) or not is_numeric(second) or np.shape(first) != np.shape(second):
        return False
    return np.allclose(first, second, rtol=0, atol=CLOSE, equal_nan=True)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def is_numeric(value: Any) -> bool:
    return is_number(value) or (isinstance(value, np.ndarray) and value.dtype.kind in "biuf")


def fault(name: str, first: Any, second: Any) -> Fault:
    """What to say of two values that are not alike."""
    if is_number(first) and is_number(second):
        return Fault(name, f"{first!r} -> {second!r}", abs(float(first) - float(second)))
    if not is_numeric(first) or not is_numeric(second):
        return Fault(name, f"{str(first)[:60]!r} -> {str(second)[:60]!r}", float("nan"))
    if first.shape != second.shape or first.dtype != second.dtype:
        return Fault(name, f"{first.dtype}{[*first.shape]} -> {second.dtype}{[*second.shape]}", float("nan"))
    gap = np.abs(first.astype(np.float64) - second.astype(np.float64))
    changed = int(((first != second) & ~(np.isnan(first) & np.isnan(second))).sum())
    size = float(np.nanmax(gap)) if np.isfinite(gap).any() else float("nan")
    return Fault(name, f"{changed} of {first.size} values", size)


def told(faults: list[Fault], total: int) -> str:
    """One line: how many, the first, and the largest difference."""
    first, sized = faults[0], [each for each in faults if each.size == each.size]
    line = f"{len(faults)} of {total} differ; {first.name}: {first.change}"
    if not sized:
        return line
    largest = max(sized, key=lambda each: each.size)
    return f"{line}; largest difference {largest.size:.3g}, of {largest.name}"


def rows(path: Path) -> Content:
    """metrics.jsonl: every column but times, epoch by epoch."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    values = {f"row {n} {name}": row[name] for n, row in enumerate(lines, 1) for name in row if name not in TIMINGS}
    return Content("row_values", values, {})


def tensors(path: Path) -> Content:
    return Content("tensors", load_file(path), {})


def raw(path: Path) -> Content:
    """Every byte."""
    return Content("maps", {"bytes": np.frombuffer(path.read_bytes(), np.uint8)}, {})


def array(path: Path) -> Content:
    """A map of classes byte for byte, one of confidences or uncertainties closely."""
    values: NDArray[Any] = np.load(path, allow_pickle=False)
    return Content("maps", {}, {"values": values}) if values.dtype.kind == "f" else raw(path)


def variables(path: Path) -> Content:
    """A .mat file without its head, which holds the date."""
    held = {name: value for name, value in loadmat(path).items() if not name.startswith("__")}
    return Content("maps", held, {})


READERS: dict[str, Callable[[Path], Content]] = {
    ".jsonl": rows, ".safetensors": tensors, ".npy": array, ".mat": variables, ".tif": raw, ".img": raw, ".hdr": raw,
}  # fmt: skip


def content(path: Path) -> Content:
    """Raises: OSError, ValueError, SafetensorError for a damaged file."""
    return READERS[path.suffix](path)


def figures(answer: Any) -> Content:
    """The values of a JSON answer that stand under known names."""
    found: dict[bool, dict[str, Any]] = {False: {}, True: {}}
    for place, name, value in leaves(answer):
        into = found[name in NEAR]
        while place in into:  # the same name elsewhere in the answer
            place += "'"
        into[place] = re.findall(r"[\d.]*\d", value) if name == "verdicts" else value  # sentences may be worded anew
    return Content("figures", found[False], found[True])


def leaves(value: Any, place: str = "", name: str = "") -> Iterator[tuple[str, str, Any]]:
    """(place, name, value) of each value under a known name; unknown names leave no trace in the place."""
    if isinstance(value, dict):
        for key, inside in value.items():
            if key == "notes":  # sentences with values of their own
                continue
            known = key in EXACT or key in NEAR
            yield from leaves(inside, f"{place}.{key}".lstrip(".") if known else place, key if known else "")
    elif isinstance(value, list):
        for number, inside in enumerate(value):
            yield from leaves(inside, f"{place}[{number}]", name)
    elif name:
        yield place, name, value


def test_figures(run: Path) -> Content:
    """What a run reached on its test set; nothing where the file is damaged."""
    try:
        known = json.loads((run / "evaluation.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = None
    return figures(holder(known, "confusion"))


def holder(value: Any, key: str) -> dict[str, Any] | None:
    """The first dictionary that has `key`, at any depth."""
    if isinstance(value, dict) and key in value:
        return value
    inside: Collection[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for each in inside if (found := holder(each, key))), None)

"""The run folder as plain mappings: made once, filled while training, read by everything that comes after.

config.yaml  env.json  run.json          settings, machine, what the network expects and answers
items.json                               what the data is made of: the digest and the part of each item
metrics.jsonl  results.csv               one row for each epoch
best.safetensors  last.safetensors       weights; `checkpoints/` holds the full training state
initial.safetensors                      the weights that a run begins with, unless random, until it is finished
golden.npz                               a few inputs of the network and its outputs
curves.*  confusion.*  samples.png  report.html  model_card.md

`training.run` makes a typed run of it; here nothing is known of tasks.
"""

import contextlib
import errno
import hashlib
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from lissom._version import __version__
from lissom.atomic import TEMPORARY, sweep, sync_folder, temporary_name, write_atomic
from lissom.bounds import read_text
from lissom.errors import DataError, LissomError, MachineError, UsageError
from lissom.plain import from_json, short, to_json, to_json_rows
from lissom.runs.sections import read_sections

RUN_FORMAT = 4  # raised when this lissom could misread an older folder
RECORD, CONFIG, HISTORY, ENVIRONMENT = "run.json", "config.yaml", "metrics.jsonl", "env.json"
ITEMS, GOLDEN = "items.json", "golden.npz"
INITIAL, BEST, LAST, CHECKPOINTS = "initial.safetensors", "best.safetensors", "last.safetensors", "checkpoints"
MADE = "run"  # the stem of the temporary name of a folder that is not yet whole


class Stored(NamedTuple):
    """What a run folder holds, as it stands there."""

    record: dict[str, Any]
    """The content of run.json."""
    config: dict[str, Any]
    """The content of config.yaml: sections of settings."""
    history: list[dict[str, Any]]
    """One row for each finished epoch."""


def create(
    root: Path | str,
    stem: str,
    fill: Callable[[Path], None] = lambda path: None,
    *,
    dated: bool = True,
    now: datetime | None = None,
) -> Path:
    """Makes `root/stem-YYYYMMDD-HHMMSS` (with `-2`, `-3` ... when it exists) and its checkpoints folder.

    `fill` is given the folder under a temporary name, which it loses when all is in it: whatever ends the process,
    there is a whole run or none. dated=False: just `root/stem`, a name that somebody chose; it must not exist.
    Raises: MachineError when the folder cannot be made, before anything is trained; UsageError when it exists.
    """
    root = Path(root)
    name = f"{stem}-{now or datetime.now():%Y%m%d-%H%M%S}" if dated else stem
    if not dated and os.path.lexists(root / name):
        raise UsageError("run-exists", path=root / name)
    made = root / temporary_name(MADE)
    sweep(root, MADE)
    try:
        with _explained(root / name):
            (made / CHECKPOINTS).mkdir(parents=True)
        fill(made)
        with _explained(root / name):
            return _named(made, _candidates(root, name) if dated else iter([root / name]))
    finally:
        shutil.rmtree(made, ignore_errors=True)  # it has its name, unless something was raised


def _named(made: Path, candidates: Iterator[Path]) -> Path:
    """The folder under the first name that is free."""
    path = None
    for path in candidates:
        if os.path.lexists(path):
            continue
        try:
            os.rename(made, path)
        except OSError as error:
            if not isinstance(error, FileExistsError) and error.errno != errno.ENOTEMPTY:
                raise
        else:
            sync_folder(path.parent)
            return path
    raise UsageError("run-exists", path=path)  # since it was asked


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except LissomError:
        raise
    except OSError as error:
        raise _not_writable(path, error) from error


def make_folder(path: Path) -> None:
    """One for files beside those of the run. Raises: MachineError where it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(path, error) from error


def _candidates(root: Path, name: str) -> Iterator[Path]:
    yield root / name
    number = 2
    while True:
        yield root / f"{name}-{number}"
        number += 1


def _not_writable(path: Path, error: OSError) -> MachineError:
    return MachineError("run-folder-not-writable", path=path, reason=error.strerror or error)


def write_record(path: Path, changes: Mapping[str, Any]) -> None:
    """Lays `changes` over run.json, which says the format's version by itself: the status, or what is known now."""
    file = path / RECORD
    old = read_json(file) if file.exists() else {"format": RUN_FORMAT, "lissom": __version__}
    write_json(file, old | dict(changes))


def write_config(path: Path, config: Mapping[str, Any]) -> None:
    """Writes config.yaml: sections of settings."""
    write_atomic(path / CONFIG, yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))


def write_json(file: Path, values: Any) -> None:
    """Writes plain values as JSON that people can read."""
    write_atomic(file, to_json(values) + "\n")


def write_rows(file: Path, values: Mapping[str, Any]) -> None:
    """Writes plain values as JSON that people can read, one entry a line."""
    write_atomic(file, to_json_rows(values) + "\n")


def is_run(path: Path | str) -> bool:
    """Whether it is the folder of a run, of whatever version."""
    return os.path.isfile(Path(path) / RECORD)


def read_run(path: Path | str) -> Stored:
    """Reads a run folder.

    Raises: DataError when it is none, when another version of lissom wrote it, or when a file in it is damaged.
    """
    path = Path(path)
    if _is_closed(path):
        raise DataError("run-file-damaged", path=path / RECORD, reason=os.strerror(errno.EACCES))
    if not is_run(path):
        raise DataError("run-folder-missing" if not path.exists() else "not-a-run-folder", path=path)
    record = read_json(path / RECORD)
    if record.get("format") != RUN_FORMAT:
        values = {"got": record.get("format"), "expected": RUN_FORMAT, "writer": record.get("lissom", "?")}
        raise DataError("run-format-unknown", path=path, **values)
    return Stored(record, _read_config(path / CONFIG), _read_history(path / HISTORY))


def list_runs(root: Path | str) -> list[Path]:
    """The run folders below `root`, by name; those of other versions, and those that may not be looked into, are among
    them: `read_run` says so. Raises: MachineError where `root` may not be read."""
    try:
        folders = [path for path in Path(root).iterdir() if not TEMPORARY.fullmatch(path.name)]
    except PermissionError as error:
        raise MachineError("not-readable", path=root, reason=error.strerror) from error
    except OSError:
        return []
    return sorted(path for path in folders if is_run(path) or _is_closed(path))


def _is_closed(path: Path) -> bool:
    """Whether the folder may not be looked into."""
    try:
        os.stat(path / RECORD)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return False


def file_digest(path: Path | str) -> str:
    """A short BLAKE2 of a weights file, which names what was exported. Raises: DataError where it is missing."""
    try:
        return hashlib.blake2b(Path(path).read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise DataError("weights-missing", path=path) from error


def _read_config(file: Path) -> dict[str, Any]:
    try:
        values = read_sections(read_text(file))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:  # ValueError: a number of 5,000 digits
        raise DataError("run-file-damaged", path=file, reason=_first_line(error)) from error
    if not isinstance(values, dict):
        raise DataError("run-file-damaged", path=file, reason=f"{type(values).__name__}, not sections of settings")
    return values


def read_json(file: Path) -> dict[str, Any]:
    """An object of plain values. Raises: DataError where the file is missing or damaged."""
    try:
        data = from_json(read_text(file))
    except (OSError, ValueError) as error:
        raise DataError("run-file-damaged", path=file, reason=_first_line(error)) from error
    if not isinstance(data, dict):
        raise DataError("run-file-damaged", path=file, reason=f"{type(data).__name__}, not an object")
    return data


def _read_history(file: Path) -> list[dict[str, Any]]:
    if not file.exists():  # no epoch has ended yet
        return []
    try:
        return [_row(from_json(line)) for line in read_text(file).splitlines()]
    except (OSError, ValueError) as error:
        raise DataError("run-file-damaged", path=file, reason=_first_line(error)) from error


def _row(values: Any) -> dict[str, Any]:
    """The figures of an epoch, None for one that was not finite. Raises: ValueError for anything else."""
    if not isinstance(values, dict):
        raise ValueError(f"{short(values)}, not the figures of an epoch")
    for name, value in values.items():
        if not (value is None or type(value) is int or (isinstance(value, float) and math.isfinite(value))):
            raise ValueError(f"{short(name)} is {short(value)}, not a number")
    return values


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__

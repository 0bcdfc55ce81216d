"""What `--weights` means: "imagenet", a checkpoint's name, a run, or a file. No torch here."""

import dataclasses
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lissom.config import ModelConfig, cache_folder
from lissom.data.download import fetch as fetch_file
from lissom.errors import DataError, MachineError, UsageError, near
from lissom.events import Listener, silent
from lissom.models.registry import LARGEST, entry, typed_options
from lissom.runs.folder import BEST, is_run, read_run
from lissom.weights.beside import row_of
from lissom.weights.catalogue import CHECKPOINTS, IMAGENET, by_digest, choose
from lissom.weights.checkpoint import Checkpoint, Norm

BUILD = ("num_classes", "in_channels")  # what a network of one's own may have otherwise than its weights


class Source(NamedTuple):
    """Where weights are, or will be once they are fetched."""

    file: Path
    checkpoint: Checkpoint | None
    norm: Norm | None
    """Mean and std of the pixels that they expect; None where it is not known."""


def source(weights: str, network: str, options: Mapping[str, Any], *, cache_dir: str | None = None) -> Source:
    """Where the weights are that a network with these options begins with; nothing is fetched.

    options: those of `build` that were given, width included.
    Raises: UsageError when no such weights are known, DataError when the file or run is not there.
    """
    given = typed_given(network, options)
    path = Path(weights)
    if weights == IMAGENET or weights in CHECKPOINTS or not (path.exists() or path.suffix):
        row = choose(weights, network, given)
        return Source(cached_file(row, cache_dir), row, row.norm)
    if is_run(path):
        read_run(path)  # a run of another version, or a damaged one, says so
        path = path / BEST
    if not path.is_file():
        raise DataError("weights-missing", path=path)
    row = row_of(path) or (None if is_run(path.parent) else by_digest(_sha256(path)))
    return Source(path, row, row.norm if row else _norm_beside(path))


def typed_given(network: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `build`, width included, as given; strings, as a command line has them, read as their types.

    Raises: UsageError for an option that the network does not have, and for a value out of range.
    """
    known = entry(network).options
    for name in options:
        if name != "width" and name not in known:
            raise UsageError("network-option-unknown", network=network, option=name, near=near(name, (*known, "width")))
    typed = typed_options(network, {k: v for k, v in options.items() if k != "width"})
    return {"width": _width(options["width"])} | typed if "width" in options else typed


def _width(given: Any) -> float:
    try:
        width = float(given)
    except (TypeError, ValueError):
        width = 0.0
    if isinstance(given, bool) or not 0 < width <= LARGEST["width"]:
        raise UsageError(
            "network-out-of-range", name="width", got=repr(given), expected=f"0 < width <= {LARGEST['width']}"
        )
    return width


def cached_file(row: Checkpoint, cache_dir: str | None = None) -> Path:
    """The place of a checkpoint's file in the cache."""
    return cache_folder(cache_dir) / "weights" / row.file


def obtain(found: Source, *, mirror: str | None = None, offline: bool = False, listener: Listener = silent) -> Path:
    """The file itself, fetched first where it is a checkpoint that is not in the cache; one that is here is checked.

    mirror, offline: also by the variables LISSOM_MIRROR and LISSOM_OFFLINE. Raises: MachineError when it is not here
    and may not be fetched or cannot, DataError for a wrong checksum.
    """
    row = found.checkpoint
    if row is None:
        return found.file
    if found.file.is_file():
        _check(found.file, row)
        return found.file
    if offline or os.environ.get("LISSOM_OFFLINE", "0") not in ("", "0"):
        raise MachineError("weights-offline", name=row.name, path=found.file)
    mirror = mirror or os.environ.get("LISSOM_MIRROR")
    fetch_file(row.address, found.file, sha256=row.sha256, mirror=mirror, listener=listener)
    return found.file


def _check(file: Path, row: Checkpoint) -> None:
    """DataError for a file that is not the published one, where its checksum is known."""
    if row.sha256 and not (got := _sha256(file)).startswith(row.sha256):
        values = {"got": got[: len(row.sha256)], "expected": row.sha256}
        raise DataError("weights-not-as-published", path=file, name=row.name, **values)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _norm_beside(file: Path) -> Norm | None:
    """Of the run whose folder holds the file."""
    if not is_run(file.parent):
        return None
    facts = read_run(file.parent).record.get("facts", {})
    return Norm(tuple(facts["mean"]), tuple(facts["std"])) if {"mean", "std"} <= facts.keys() else None


def resolve_options(model: ModelConfig, found: Source) -> ModelConfig:
    """The settings with the options that the weights want and that were not given; a file's path made whole."""
    if model.weights not in (IMAGENET, *CHECKPOINTS) and Path(str(model.weights)).exists():
        model = dataclasses.replace(model, weights=str(Path(str(model.weights)).resolve()))
    wanted = dict(found.checkpoint.options) if found.checkpoint else {}
    width = wanted.pop("width", model.width)
    return dataclasses.replace(model, width=width, options=wanted | dict(model.options))


def source_of(model: ModelConfig, cache_dir: str | None = None) -> Source | None:
    """Where the weights are that a run begins with; None when it begins with random ones."""
    if not model.weights:
        return None
    return source(model.weights, model.model, given_options(model), cache_dir=cache_dir)


def given_options(model: ModelConfig) -> dict[str, Any]:
    """The options of `build` in a run's settings."""
    entry(model.model)
    return {"width": model.width, **model.options}

"""Files that describe a network, of whichever task knows them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lissom.atomic import write_atomic
from lissom.errors import DataError
from lissom.training.registry import TASKS, find_task


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """Files that describe a network of the task."""

    recognises: Callable[[Path], bool]
    """Whether a path is one, by a look at it."""
    report: Callable[..., dict[str, Any]]
    """(path, *, section, resolution, fix) -> what it holds and what is wrong with it, for `check-model`."""
    build: Callable[..., Any]
    """(path, options) -> its network, with random weights. Raises: DataError for a file with faults."""
    resolution: int
    """Side of the input that its costs are told for unless another is asked for, pixels."""


def check_model(
    path: Path | str,
    *,
    section: str | None = None,
    resolution: int = 640,
    fix: bool = False,
    output: Path | str | None = None,
) -> dict[str, Any]:
    """The rows of a model file with their costs, and what is wrong with them, as plain data; `faults` are sentences.

    section: which of several backbones. resolution: pixels, for the MACs. fix: correct what has one right answer;
    `fixed` is then the file's text, and output takes it.
    Raises: DataError for a file that is none or cannot be read, and where `output` was asked for and faults are left.
    """
    path = Path(path)
    if output is not None and path.exists() and Path(output).exists() and path.samefile(output):
        raise DataError("rows-output-same", path=output)
    known = model_files_of(path)
    if known is None:
        raise DataError("model-file-unknown" if path.exists() else "model-file-missing", path=path)
    result = known.report(path, section=section, resolution=resolution, fix=fix)
    if output is not None and result["fixed"] is not None:
        write_atomic(output, result["fixed"])
    return result


def model_files_of(path: Path) -> ModelFiles | None:
    """What the task whose kind of model file it is does with it; None: it is none."""
    kinds = [find_task(name).models for name in TASKS]
    return next((kind for kind in kinds if kind is not None and kind.recognises(path)), None)

"""`lissom check-data` and `check-model`: what is wrong with one's data or model file, before an hour is lost."""

from pathlib import Path
from typing import Any

from lissom.atomic import write_atomic
from lissom.config import updated
from lissom.errors import DataError, UsageError
from lissom.events import Listener, silent
from lissom.training.registry import MODEL_FILES, find_task, imported


def check_data(
    task: str, path: Any, *, picture: Path | str | None = None, listener: Listener = silent, **options: Any
) -> dict[str, Any]:
    """What the data at `path` holds and what is wrong with it, as plain data; `warnings` are sentences.

    picture: where to write a picture of it (PNG). options: those of the task, `ClassifyCheckOptions` or
    `SceneCheckOptions`.
    Raises: UsageError for an unknown task or option, DataError where there is nothing to look at.
    """
    known = find_task(task)
    if known.check is None:
        raise UsageError("verb-not-for-task", verb="check-data", task=task)
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
    chosen = updated(known.check_options(), plain, where=f"check-data {task}")
    return known.check(path, chosen, picture=None if picture is None else Path(picture), listener=listener)


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
    for spec in MODEL_FILES.values():
        result = imported(spec)(path, section=section, resolution=resolution, fix=fix)
        if result is not None:
            break
    else:
        raise DataError("model-file-unknown" if path.exists() else "model-file-missing", path=path)
    if output is not None and result["fixed"] is not None:
        write_atomic(output, result["fixed"])
    return result

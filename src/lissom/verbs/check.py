"""`lissom check-data` and `check-model`: what is wrong with one's data or model file, before an hour is lost."""

from pathlib import Path
from typing import Any

from lissom.config import updated
from lissom.errors import UsageError
from lissom.events import Listener, silent
from lissom.training.model_files import check_model
from lissom.training.registry import find_task

__all__ = ["check_data", "check_model"]


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

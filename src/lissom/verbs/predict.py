"""`lissom predict`: labels for image files, a map for a cube: answers for a person's own data."""

from pathlib import Path
from typing import Any

from lissom.config import updated
from lissom.device import set_threads
from lissom.events import Listener, Stop, silent
from lissom.training import predict as training
from lissom.training.opened import open_model
from lissom.training.task import Task, Where


def predict(
    model: Path | str,
    inputs: Any,
    *,
    device: str = "auto",
    threads: int | None = None,
    listener: Listener = silent,
    stop: Stop | None = None,
    **options: Any,
) -> list[dict[str, Any]]:
    """A row for each input, in their order; what it holds is the task's.

    model: a run folder, an exported file, or with `weights` a network's name. inputs: one, or a list of several: image
    files and folders of them, or cubes. options: those of the task, `ClassifyOptions` or `SceneOptions`.
    Raises: DataError for what cannot be read, UsageError for an option that the task does not have, Interrupted when it
    was stopped.
    """
    opened = open_model(model)
    chosen = updated(opened.task.options(), _words(options), where=f"predict {opened.task.name}")
    if opened.file is None:  # a file needs no torch
        set_threads(threads)
    several = inputs if isinstance(inputs, list | tuple) else [inputs]
    return training.predict(opened, several, chosen, Where(device, threads), listener, stop)


def _words(options: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}


def model_task(model: Path | str) -> Task:
    """The task of a run or of a file; that of a network's name is the first one."""
    return open_model(model).task

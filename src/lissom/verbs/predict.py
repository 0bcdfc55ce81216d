"""`lissom predict`: labels for image files, a map for a cube: answers for a person's own data."""

from pathlib import Path
from typing import Any

from lissom.config import updated
from lissom.device import set_threads
from lissom.events import Listener, Stop, silent
from lissom.runs.folder import is_run
from lissom.training.registry import first_task
from lissom.training.run import open_run
from lissom.training.task import Task


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
    set_threads(threads)
    task = model_task(model)
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
    chosen = updated(task.options(), plain, where=f"predict {task.name}")
    several = inputs if isinstance(inputs, list | tuple) else [inputs]
    return task.predict(model, several, chosen, device=device, threads=threads, listener=listener, stop=stop)


def model_task(model: Path | str) -> Task:
    """The task of a run; that of models which are no run folders is the first one."""
    return open_run(model).task if is_run(model) else first_task()

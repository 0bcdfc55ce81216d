"""`lissom predict`: labels for image files, a map for a cube."""

from pathlib import Path
from typing import Any

from lissom.events import Listener, Stop, silent
from lissom.training import predict as training
from lissom.training.opened import model_task as model_task
from lissom.training.task import Where


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
    return training.predict(model, inputs, options, Where(device, threads), listener, stop)

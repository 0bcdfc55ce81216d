"""`lissom evaluate`: what a run's best weights reach, on its own test set or on other data."""

from pathlib import Path
from typing import Any

from lissom.device import set_threads
from lissom.errors import UsageError
from lissom.runs.folder import open_run
from lissom.tasks.classify import evaluate as photos
from lissom.tasks.scene.evaluate import evaluate_scene


def evaluate(
    run_folder: Path | str,
    data: str | None = None,
    *,
    batch_size: int = 256,
    device: str = "auto",
    threads: int | None = None,
    write: bool = True,
) -> dict[str, Any]:
    """Measures a run's best weights on its test set, or on every image of `data` (a class folder or an archive).

    A run on a scene is measured on its own test pixels and gives what `tasks.scene.evaluate.evaluate_scene` does.
    Else returns plain data: `top1` with `top1_interval_95` (Wilson), `top5`, `macro_f1`, `calibration_error`,
    `per_class` (precision, recall, F1, images), `confusion` (row the truth), `most_confused`, and `folder`, where
    tables and pictures were written: the run itself, or `evaluations/NAME` in it.
    Raises: DataError for data that cannot be read or has a class that the run does not know.
    """
    set_threads(threads)
    run = open_run(run_folder)
    if run.data.get("task") != "scene":
        return photos.evaluate(run, data, batch_size=batch_size, device=device, write=write)
    if data is not None:
        raise UsageError("evaluate-scene-data", run=run.path, got=data)
    return evaluate_scene(run, device=device, write=write)

"""`lissom train` and `lissom resume`: settings -> a finished run folder."""

import dataclasses
from pathlib import Path

from lissom.engine.checkpoint import newest
from lissom.runs.folder import Run, open_run
from lissom.tasks.classify.train import plan, train
from lissom.tasks.classify.train import resume as resume_classify
from lissom.tasks.scene.train import resume_scene

__all__ = ["plan", "resume", "resume_point", "train"]


def resume(
    run_folder: Path | str, *, device: str | None = None, threads: int | None = None, quiet: bool = False
) -> Run:
    """Continues an interrupted run from its newest sound checkpoint and returns it finished; a finished one as it is.

    On a CPU with the same threads the weights end up bit for bit as if nothing had happened.
    Raises: DataError when it is no run, or its data has changed since; else as `train`.
    """
    run = open_run(run_folder)
    if run.status == "finished":
        return run
    changes = {key: value for key, value in (("device", device), ("threads", threads)) if value is not None}
    config = dataclasses.replace(run.config, engine=dataclasses.replace(run.config.engine, **changes))
    run = dataclasses.replace(run, config=config)
    continued = resume_scene if run.data.get("task") == "scene" else resume_classify
    return continued(run, quiet=quiet)


def resume_point(run_folder: Path | str) -> int:
    """The number of optimizer steps that the newest checkpoint holds; 0 when there is none."""
    return newest(open_run(run_folder).checkpoints)

"""An interrupted run, named by its folder, is trained to its end."""

import dataclasses
from pathlib import Path
from typing import Any

from lissom.events import Listener, Stop, note, silent
from lissom.training.data import given_paths, require_own, with_paths
from lissom.training.run import Run, open_run


def resume(
    run_folder: Path | str,
    data: Any = None,
    *,
    device: str | None = None,
    threads: int | None = None,
    listener: Listener = silent,
    stop: Stop | None = None,
    **paths: Any,
) -> Run:
    """Continues an interrupted run from its newest sound checkpoint and returns it finished; a finished one as it is.

    On a CPU with the same threads the weights end up bit for bit as if nothing had happened.
    data, and settings that say where data is, as `cube` and `ground_truth` of a scene: where it lies now.
    Raises: DataError when it is no run, or its data has changed since; else as `train`.
    """
    run = open_run(run_folder)
    others = given_paths(run.task, data, paths)
    if run.status == "finished":
        if others:
            require_own(run, others, listener)
        listener(note("verbs.resume-finished", run=run.path))
        return run
    run = with_paths(run, others)
    changes = {key: value for key, value in (("device", device), ("threads", threads)) if value is not None}
    config = dataclasses.replace(run.config, engine=dataclasses.replace(run.config.engine, **changes))
    from lissom.training import life

    return open_run(life.resume(dataclasses.replace(run, config=config), listener, stop))


def resume_point(run_folder: Path | str, data: Any = None, *, listener: Listener = silent, **paths: Any) -> int:
    """The number of optimizer steps that the newest checkpoint holds; 0 when there is none.

    Raises: DataError when the data given is not that of the training.
    """
    from lissom.engine.checkpoint import newest

    run = open_run(run_folder)
    if others := given_paths(run.task, data, paths):
        require_own(run, others, listener)
    return newest(run.checkpoints)

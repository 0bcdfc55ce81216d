"""One of several trainings: a new run, or one that the same command has begun before it was cut off."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lissom.errors import Interrupted, UsageError
from lissom.events import Listener, Stop
from lissom.plain import plain
from lissom.runs.folder import is_run
from lissom.training.data import asked_settings
from lissom.training.life import train
from lissom.training.registry import task_of
from lissom.training.resume import resume
from lissom.training.run import Run, open_run
from lissom.training.task import RunTarget


def train_or_go_on(config: Any, target: RunTarget, listener: Listener, stop: Stop | None) -> Run:
    """A finished run. Raises: as `earlier` and `train`; Interrupted says that the same command goes on."""
    try:
        run = earlier(config, target)
        if run is None:
            return open_run(train(config, target, listener, stop))
        return resume(run.path, listener=listener, stop=stop)
    except Interrupted as error:
        if target.name is None:
            raise
        raise Interrupted("stopped-several", stopped=error) from error


def earlier(config: Any, target: RunTarget) -> Run | None:
    """The run of this name that the same settings have made, finished or not.

    Raises: UsageError for one that other settings have made, or settings that nobody knows.
    """
    if target.name is None or not is_run(path := Path(target.runs_dir) / target.name):
        return None
    run = open_run(path)
    if run.record.asked is None:
        raise UsageError("run-exists", path=path)
    if changed := _changed(run.record.asked, plain(asked_settings(task_of(config), config))):
        raise UsageError("run-differs", run=path, settings=", ".join(changed))
    return run


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """`lr 0.1 -> 0.2`, for each setting that differs."""
    sections = {section: (old.get(section, {}), new.get(section, {})) for section in {**old, **new}}
    return [
        f"{name} {before.get(name)} -> {after.get(name)}"
        for before, after in sections.values()
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]

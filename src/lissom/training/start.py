"""Trainings by their public functions: a task by name or its settings, single ones by their own names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lissom.config import updated_flat
from lissom.errors import UsageError
from lissom.events import Listener, Stop, silent
from lissom.training.registry import find_task
from lissom.training.run import Run, open_run
from lissom.training.task import RunTarget

PathLike = Path | str


def train(
    task: Any,
    *,
    runs_dir: PathLike = "runs",
    name: str | None = None,
    listener: Listener = silent,
    stop: Stop | None = None,
    **settings: Any,
) -> Run:
    """Trains a network and returns its finished run.

    task: its name, such as "classify" or "scene", or settings that know theirs (`ClassifyTrainConfig`). settings: by
    their own names, laid over these or over the defaults: `train("classify", data="photos/", epochs=10)`.

    Network, settings and data are checked first; then the folder `runs_dir/name-time` is made and filled. The best
    weights are chosen on a part of the training data, and the test data is read once, at the end.
    listener: hears what happens; without one nothing is shown. stop: stops the training cleanly when it is asked;
    without one Ctrl-C does, where this is the main thread.
    Raises: UsageError and DataError for what cannot be trained, ResultError for a loss that is not finite,
    MachineError for disk, memory or device, Interrupted (with the command that resumes) when it was stopped.
    """
    from lissom.training import life

    return open_run(life.train(resolve_config(task, settings), _target(runs_dir, name), listener, stop))


def plan(
    task: Any, *, runs_dir: PathLike = "runs", name: str | None = None, listener: Listener = silent, **settings: Any
) -> dict[str, Any]:
    """What `train` would do, after all that it refuses: sizes, steps, cost and folder; nothing is written."""
    from lissom.training import life

    return life.plan(resolve_config(task, settings), _target(runs_dir, name), listener)


def plan_several(
    task: Any,
    *,
    runs: int = 1,
    vary: tuple[str, Sequence[Any]] | None = None,
    runs_dir: PathLike = "runs",
    name: str | None = None,
    listener: Listener = silent,
    **settings: Any,
) -> list[dict[str, Any]]:
    """What `train_several` would do, as `plan` says it of one training; a plan for each of them."""
    from lissom.training import several

    varied = several.Vary(vary[0], list(vary[1])) if vary else None
    config, target = resolve_config(task, settings), _target(runs_dir, name)
    return several.plan_several(config, target, listener, runs=runs, vary=varied)


def train_several(
    task: Any,
    *,
    runs: int = 1,
    vary: tuple[str, Sequence[Any]] | None = None,
    runs_dir: PathLike = "runs",
    name: str | None = None,
    listener: Listener = silent,
    stop: Stop | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Trains `runs` times with seeds one after the other, and that for each value where `vary` names a setting.

    vary: for example `("lr", [0.01, 0.1])`, or `("split", ["random", "disjoint"])` on a scene.
    Returns `title`, `runs` (folders), `rows` (a row of scores for each value), `table` as text, `verdicts` (paired
    tests, as sentences) and `summary`, the file of the table.
    Raises: UsageError for a setting or value that is none, before anything is trained; else as `train`.
    """
    from lissom.training import several

    varied = several.Vary(vary[0], list(vary[1])) if vary else None
    config, target = resolve_config(task, settings), _target(runs_dir, name)
    return several.train_several(config, target, listener, stop, runs=runs, vary=varied)


def _target(runs_dir: PathLike, name: str | None) -> RunTarget:
    """Where a run goes. Raises: UsageError for a name that would lead elsewhere, or that is none."""
    if name is not None and (name.strip() in ("", ".", "..") or set(name) & set("/\\\0")):
        raise UsageError("run-name", got=name)
    return RunTarget(str(runs_dir), name)


def resolve_config(task: Any, settings: dict[str, Any]) -> Any:
    """The settings of a training. Raises: UsageError for a task, or a setting, that is none."""
    config = find_task(task).config() if isinstance(task, str) else task
    if not hasattr(type(config), "TASK"):
        raise UsageError("train-what", got=type(config).__name__)
    return updated_flat(config, settings)

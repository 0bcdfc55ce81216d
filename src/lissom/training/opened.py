"""What predicts on the user's data: a run, a portable file, or a network with weights."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lissom.config import updated
from lissom.errors import DataError, UsageError
from lissom.models.registry import ENTRIES, canonical
from lissom.runs.folder import is_run
from lissom.runs.typed import typed
from lissom.training.registry import TASKS, find_task, first_task
from lissom.training.run import Run, open_run
from lissom.training.task import Task

if TYPE_CHECKING:
    from lissom.deploy.targets import Runs


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One of the three, with its task."""

    task: Task
    facts: Any
    """Of the type `task.facts`; None of a network by its name, whose weights say them."""
    run: Run | None = None
    file: "Runs | None" = None
    name: str = ""
    """Of a network, where it is neither."""
    model: Any = None
    """The run's network with its best weights, where it is at hand."""
    options: Any = None
    """Of a network by its name: the options of its prediction, which say its weights."""

    @classmethod
    def of_run(cls, run: Run, model: Any = None) -> "Opened":
        return cls(task=run.task, facts=run.facts, run=run, model=model)


def open_model(model: Path | str, *, threads: int | None = None) -> Opened:
    """A run folder, a file that `export` wrote, or else the name of a network. threads: of a file's runtime.

    Raises: DataError for a folder or file that is none, and for a file of a task from outside, which is not imported
    for a file's sake.
    """
    path = Path(model)
    if isinstance(model, Run):
        return Opened.of_run(model)
    if is_run(path):
        return Opened.of_run(open_run(path))
    if path.is_file():
        return open_file(path, threads=threads)
    if path.exists():
        raise DataError("model-neither", path=path)
    return Opened(task=_task_of_network(str(model)), facts=None, name=str(model))


def _task_of_network(name: str) -> Task:
    """That of a name of the catalogue; else the first. Raises: UsageError for one that predicts by a run alone."""
    known = ENTRIES.get(canonical(name))
    if known is None or known.task is None:
        return first_task()
    task = find_task(known.task)
    if task.named is None:
        raise UsageError("network-needs-run", model=name, task=task.name)
    return task


def with_weights(opened: Opened, options: Any) -> tuple[Opened, Any]:
    """The run that the weights of a network by its name are of, where the task's networks need one, and the options
    without them; else both as they are. Raises: as `task.named`."""
    if not opened.name or opened.task.named is None:
        return opened, options
    return Opened.of_run(opened.task.named(opened.name, options)), replace(options, weights=None)


def open_for_data(
    model: Path | str, weights: str | Path | None = None, options: Mapping[str, Any] | None = None
) -> tuple[Opened, Any]:
    """A run, or the name of a network with `weights`, to measure; and the options of its prediction, None: the task's.

    Raises: UsageError for weights of a run, and for a name without; DataError for a file, which is measured as a run's.
    """
    if is_run(Path(model)) or isinstance(model, Run):
        if weights is not None or options:
            raise UsageError("weights-with-run", model=model)
        return open_model(model), None
    if canonical(str(model)) in ENTRIES and weights is None:
        known = _task_of_network(str(model))
        raise UsageError("network-without-weights" if known.named is None else "network-without-run", model=model)
    if Path(model).exists() or weights is None:
        raise DataError("run-folder-missing" if not Path(model).exists() else "not-a-run-folder", path=model)
    opened = open_model(model)
    given: dict[str, Any] = {"weights": str(weights)} | ({"options": dict(options)} if options else {})
    chosen = updated(opened.task.options(), given, where=f"evaluate {model}")
    opened, chosen = with_weights(opened, chosen)
    return replace(opened, options=chosen), chosen


def model_task(model: Path | str) -> Task:
    """The task of a run, of a file, or of a network by its name."""
    return open_model(model).task


def open_file(path: Path, *, threads: int | None = None, task: Task | None = None) -> Opened:
    """A file that `export` wrote. task: one from outside that a run has imported already, which the file may name."""
    from lissom.deploy.targets import runner  # ONNX Runtime: only files need it

    file = runner(path, threads=threads)
    if file.task not in TASKS and (task is None or file.task != task.name):
        raise DataError("deploy-other-task", path=path, task=file.task, known=", ".join(TASKS))
    known = find_task(file.task)
    return Opened(task=known, facts=typed(known.facts, file.facts, file=path), file=file)


def exportable(run: Run) -> Run:
    """The same. Raises: UsageError for a run of a task that has no portable form."""
    if run.task.portable is None:
        raise UsageError("export-not-for-task", run=run.path, task=run.task.name)
    return run

"""A detector by its name, with the weights of a run, which knows the classes, the anchors and the input."""

from pathlib import Path

from lissom.errors import DataError, UsageError
from lissom.models.registry import canonical
from lissom.runs.folder import is_run
from lissom.tasks.detect.settings import DetectOptions
from lissom.training.run import Run, open_run


def named(name: str, options: DetectOptions) -> Run:
    """The run whose folder, or best weights, `options.weights` is.

    Raises: UsageError without weights, and for a run of another network; DataError for weights that are of no run.
    """
    if options.weights is None:
        raise UsageError("network-without-run", model=name)
    path, known = Path(options.weights), canonical(name)
    if not path.exists():
        raise DataError("detect-weights-of-no-run", path=path, network=known)
    run = next((open_run(folder) for folder in (path, path.parent) if is_run(folder)), None)
    if run is None or (path.is_file() and path.resolve() != run.best.resolve()):
        raise DataError("detect-weights-of-no-run", path=path, network=known)
    used = run.config.model.model
    if run.task.name != "detect" or used != known:
        raise UsageError("detect-weights-other", path=run.path, got=known, network=used)
    return run

"""`lissom export`: a run as a file that provably gives the same answers."""

from pathlib import Path
from typing import Any

from lissom.errors import MachineError, UsageError
from lissom.events import Listener, silent
from lissom.training.run import Run, open_run


def export(run_folder: Path | str, output: Path | str | None = None, *, listener: Listener = silent) -> dict[str, Any]:
    """Writes a run's best weights as ONNX and proves that the file answers as the run does.

    Returns `file`, `images` (that were compared), `difference` (the largest of any output) and `tolerance`.
    Raises: ResultError, and removes the file, when the answers differ by more than the tolerance; UsageError for a run
    of a task that has no portable form.
    """
    path = export_path(run_folder, output)
    run = _exportable(run_folder)
    assert run.task.export
    return run.task.export(run, path, listener)


def export_path(run_folder: Path | str, output: Path | str | None = None) -> Path:
    """Where `export` writes: `output`, or model.onnx in the run folder."""
    path = Path(output) if output else _exportable(run_folder).path / "model.onnx"
    if not path.parent.is_dir():
        raise MachineError("output-no-folder", path=path, folder=path.parent)
    return path


def _exportable(run_folder: Path | str) -> Run:
    run = open_run(run_folder)
    if run.task.export is None:
        raise UsageError("export-not-for-task", run=run.path, task=run.task.name)
    return run

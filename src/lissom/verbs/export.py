"""`lissom export`: a run as a file that provably gives the same outputs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lissom.events import Listener, silent
from lissom.training import export as training
from lissom.training.data import given_paths
from lissom.training.export import export_path as export_path
from lissom.training.run import open_run


def export(
    run_folder: Path | str,
    output: Path | str | None = None,
    *,
    data: Path | str | None = None,
    options: Mapping[str, Any] | None = None,
    listener: Listener = silent,
    **paths: Any,
) -> dict[str, Any]:
    """Writes a run's best weights as ONNX and proves that its outputs are those of the run.

    data, paths: where the data of the training lies now; a run whose data is missing is proven on the golden samples in
    its folder. options: those of the task, as `DetectExportOptions`, which says whether suppression is inside.
    Returns `file`, `images` (that were compared), `proof` ("data" or "golden"), `difference` (the largest of any
    output) and `tolerance`.
    Raises: ResultError, and removes the file, when the outputs differ by more than the tolerance; DataError for data
    that is not that of the training; UsageError for a run of a task that has no portable form, or not such an option.
    """
    run = open_run(run_folder)
    file = training.output_path(run, output)
    return training.export(run, file, listener, given_paths(run.task, data, paths), options)

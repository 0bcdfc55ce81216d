"""A run as a file that provably gives the same outputs, written once for all tasks."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lissom.atomic import temporary_folder
from lissom.config import updated
from lissom.errors import DataMissing, MachineError, UsageError
from lissom.events import Listener, note, silent
from lissom.models import fuse
from lissom.plain import plain
from lissom.runs.folder import file_digest
from lissom.training.data import Paths, given_paths, own_data, require_own
from lissom.training.golden import read_golden, require_golden
from lissom.training.opened import Opened, exportable
from lissom.training.run import Run, open_run
from lissom.training.task import Arrays, NoOptions, Portable, Predictor, Where

CHECKED = 64  # samples, as many of each class


def export(
    run: Run, path: Path, listener: Listener, paths: Paths | None = None, options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Writes the best weights, fused, as a file of the kind that its ending says, and compares its outputs with those
    of the network as it was trained.

    They are compared on samples of the data on which the best epoch was chosen; where the data of a finished run is no
    longer there, on the golden samples in its folder. paths: where the data lies now. options: those of the task.

    Returns `file`, `images` (that were compared), `proof` ("data" or "golden"), `difference` (the largest of any
    output) and `tolerance`.
    Raises: ResultError, and leaves no file, when they differ by more than the tolerance; DataError for data that is not
    that of the training.
    """
    from lissom.deploy.parity import require_parity
    from lissom.deploy.targets import writer

    task, opened = exportable(run).task, Opened.of_run(run)
    assert task.portable
    chosen = export_options(run, options)
    portable = task.portable(opened, chosen)
    predictor = task.predictor(replace(opened, model=portable.model), task.options(), Where("cpu"))
    samples, proof = _samples(run, predictor, portable, listener, paths)
    about = {
        "task": run.task.name,
        "facts": plain(run.facts),
        "network": run.record.network,
        "weights": file_digest(run.best),
    }
    about |= {"options": kept} if (kept := plain(chosen)) else {}
    shapes = {name: array.shape[1:] for name, array in samples.items()}
    write = writer(path)
    with temporary_folder(path) as folder:
        unproven = folder / path.name
        asked = {"inputs": shapes, "outputs": portable.outputs}
        asked |= {"steps": portable.steps} if portable.steps else {}  # which not every writer knows
        asked |= {"translations": portable.translations} if portable.translations else {}
        write(fuse(portable.model), unproven, about=about, **asked)
        result = require_parity(portable.model, unproven, samples, agree=portable.agree)
        unproven.replace(path)
    figures = {"images": result.n, "difference": result.largest_difference, "tolerance": result.tolerance}
    return {"file": str(path), "proof": proof, **figures}


def _samples(
    run: Run, predictor: Predictor, portable: Portable, listener: Listener, paths: Paths | None
) -> tuple[Arrays, str]:
    """What the outputs are compared on, and whether it is "data" or "golden"."""
    golden = read_golden(run)
    if golden:
        require_golden(run, golden, predictor, portable.agree)
    try:
        assert run.task.proof, "a task with a portable form, and no samples that prove it"
        return run.task.proof(predictor, own_data(run, listener, paths), CHECKED), "data"
    except DataMissing:
        if golden is None or paths:
            raise
        return golden.inputs, "golden"


def export_options(run: Run, options: Mapping[str, Any] | None) -> Any:
    """Those of the task, checked. Raises: UsageError for one that it does not have, or out of range."""
    known = run.task.export_options()
    if options and run.task.export_options is NoOptions:
        name = next(iter(options)).replace("_", "-")
        raise UsageError("export-option-not-for-task", name=name, run=run.path, task=run.task.name)
    return updated(known, dict(options or {}), where=f"export {run.path}")


def export_path(
    run_folder: Path | str,
    output: Path | str | None = None,
    *,
    data: Path | str | None = None,
    options: Mapping[str, Any] | None = None,
    listener: Listener = silent,
    **paths: Any,
) -> Path:
    """Where `export` writes. Raises: as `export`, before it writes."""
    run = open_run(run_folder)
    export_options(run, options)
    if others := given_paths(run.task, data, paths):
        require_own(run, others, listener)
    return output_path(run, output)


def output_path(run: Run, output: Path | str | None) -> Path:
    """`output`, or model.onnx in the run folder.

    Raises: MachineError for a missing folder or one of that name, UsageError for an ending that is none of ours.
    """
    from lissom.deploy.targets import writer

    path = Path(output) if output else exportable(run).path / "model.onnx"
    writer(path)
    if not path.parent.is_dir():
        raise MachineError("output-no-folder", path=path, folder=path.parent)
    if path.is_dir():
        raise MachineError("not-writable", path=path, reason=note("scene_predict.is-folder"), size="0")
    return path

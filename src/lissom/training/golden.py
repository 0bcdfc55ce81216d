"""A few inputs of a run's network with its outputs, kept in its folder: proof of its answers where its data is gone."""

import io
import zipfile
from typing import Any, NamedTuple

import numpy as np

from lissom.atomic import write_atomic
from lissom.errors import DataError, ResultError
from lissom.runs.folder import GOLDEN
from lissom.training.finite import finite
from lissom.training.run import Run
from lissom.training.task import Data, Predictor

COUNT = 8  # samples
INPUTS, OUTPUTS = "inputs/", "outputs/"


class Golden(NamedTuple):
    """Arrays by name, the batch first."""

    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]


def keep_golden(run: Run, predictor: Predictor, data: Data) -> None:
    """Writes golden.npz, for a task that has such samples."""
    if run.task.proof is None:
        return
    inputs = run.task.proof(predictor, data, COUNT)
    outputs = predictor.outputs(inputs)
    named = {INPUTS + name: array for name, array in inputs.items()}
    named |= {OUTPUTS + name: array for name, array in outputs.items()}
    held = io.BytesIO()
    np.savez_compressed(held, allow_pickle=False, **named)
    write_atomic(run.path / GOLDEN, held.getvalue())


def read_golden(run: Run) -> Golden | None:
    """What `keep_golden` wrote; None where there is none. Raises: DataError for a damaged file."""
    path = run.path / GOLDEN
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError("run-file-damaged", path=path, reason=str(error) or type(error).__name__) from error
    return Golden(
        *({n.removeprefix(kind): a for n, a in arrays.items() if n.startswith(kind)} for kind in (INPUTS, OUTPUTS))
    )


def require_golden(run: Run, golden: Golden, predictor: Predictor, agree: Any) -> None:
    """Raises: ResultError where the network does not answer as it did when the run was finished: weights, settings or
    facts in its folder are others."""
    found = agree(finite(predictor.outputs(golden.inputs)), golden.outputs)
    if not found.reached:
        difference, tolerance = f"{found.largest_difference:.3g}", f"{found.tolerance:.3g}"
        raise ResultError("golden-not-reached", run=run.path, difference=difference, tolerance=tolerance, n=found.n)

"""A few inputs of a run's network with its outputs, kept in its folder: its proof where the data is missing."""

import io
from typing import Any, NamedTuple

import numpy as np

from lissom.atomic import write_atomic
from lissom.errors import DataError, ResultError
from lissom.runs.arrays import read_arrays
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
    arrays = read_arrays(path)
    golden = Golden(
        *({n.removeprefix(kind): a for n, a in arrays.items() if n.startswith(kind)} for kind in (INPUTS, OUTPUTS))
    )
    if reason := _unlike(run, golden):
        raise DataError("run-file-damaged", path=path, reason=reason)
    return golden


def _unlike(run: Run, golden: Golden) -> str:
    """What makes it no samples of the run's network; "" where nothing does."""
    arrays = [*golden.inputs.values(), *golden.outputs.values()]
    if not golden.inputs or not golden.outputs or not arrays[0].ndim or not len(arrays[0]):
        return "no samples"
    if any(array.dtype.kind != "f" or array.shape[:1] != arrays[0].shape[:1] for array in arrays):
        return "not one sample for each output"
    expected = [tuple(shape) for shape in run.task.inputs(run.config, run.facts)]
    found = [array.shape[1:] for array in golden.inputs.values()]
    return "" if found == expected else f"samples of {found}, the network takes {expected}"


def require_golden(run: Run, golden: Golden, predictor: Predictor, agree: Any) -> None:
    """Raises: ResultError where the network no longer gives its golden outputs: weights, settings or facts in
    its folder were changed."""
    found = agree(finite(predictor.outputs(golden.inputs)), golden.outputs)
    if not found.reached:
        difference, tolerance = f"{found.largest_difference:.3g}", f"{found.tolerance:.3g}"
        raise ResultError("golden-not-reached", run=run.path, difference=difference, tolerance=tolerance, n=found.n)

"""The proof that an exported file gives the outputs of its model on the given inputs."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from lissom.deploy.module import ModuleOutputs
from lissom.deploy.runner import Arrays
from lissom.deploy.targets import Runs, runner
from lissom.errors import ResultError

TOLERANCE = 1e-4  # of the largest output, or of 1: float32 summed in another order differs by 1e-7 to 1e-5 of it


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How far two sets of outputs lie apart."""

    largest_difference: float
    """Of any number, absolute."""
    argmax_agree: int
    """Samples to which both give the same class: the largest along the last axis of the first output."""
    n: int
    """Samples."""
    tolerance: float
    """Of that difference, absolute: what was asked for, times the largest output where that is above 1."""
    batch_sizes: tuple[int, ...] = ()
    """Tried one after another."""

    @property
    def reached(self) -> bool:
        """Not reached when a difference is not a number either."""
        return self.largest_difference <= self.tolerance

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "batch_sizes": list(self.batch_sizes), "reached": self.reached}


def closely(got: Arrays, want: Arrays, *, tolerance: float = TOLERANCE) -> Parity:
    """All outputs by name, number by number."""
    assert got.keys() == want.keys(), f"{sorted(got)} for {sorted(want)}"
    first = next(iter(want))
    same = got[first].argmax(-1) == want[first].argmax(-1)
    largest = max(float(np.abs(values).max()) for values in want.values())
    return Parity(
        largest_difference=float(np.max([np.abs(got[name].astype(np.float64) - want[name]).max() for name in want])),
        argmax_agree=int(same.reshape(len(same), -1).all(1).sum()),
        n=len(want[first]),
        tolerance=tolerance * max(1.0, largest),
    )


Agree = Callable[[Arrays, Arrays], Parity]


def parity(model: nn.Module, file: Path | str | Runs, inputs: Arrays, *, agree: Agree = closely) -> Parity:
    """Compares the outputs of `model` in eval mode and of the exported `file`; `inputs` are float32, the batch first.

    The first sample goes through the file once more alone, so that batch size 1 is proven besides N.
    """
    run = runner(Path(file)) if isinstance(file, Path | str) else file
    expected = _outputs(model, inputs, run.outputs)
    found = agree(run(inputs), expected)
    if found.n == 1:
        return replace(found, batch_sizes=(1,))
    alone = agree(run(_first(inputs)), _first(expected))
    worst = float(np.maximum(found.largest_difference, alone.largest_difference))  # NaN where one is
    return replace(found, largest_difference=worst, batch_sizes=(found.n, 1))


def require_parity(model: nn.Module, file: Path | str | Runs, inputs: Arrays, *, agree: Agree = closely) -> Parity:
    """`parity`, or ResultError where the difference is above the tolerance or an output is not finite."""
    found = parity(model, file, inputs, agree=agree)
    if not math.isfinite(found.largest_difference):
        raise ResultError("deploy-not-finite", n=found.n)
    if not found.reached:
        path = file if isinstance(file, Path | str) else file.path
        difference = f"{found.largest_difference:.3g}"
        raise ResultError(
            "deploy-no-parity", path=path, difference=difference, tolerance=f"{found.tolerance:.3g}", n=found.n
        )
    return found


def _first(arrays: Arrays) -> dict[str, np.ndarray]:
    return {name: array[:1] for name, array in arrays.items()}


def _outputs(model: nn.Module, inputs: Arrays, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        return ModuleOutputs(model, names)(inputs)
    finally:
        for module, training in modes.items():
            module.training = training

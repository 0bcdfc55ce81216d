"""The proof that an exported file answers as its model does, on the images that it is given."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lissom.deploy.runner import Runner
from lissom.errors import ResultError

TOLERANCE = 1e-4  # of the largest logit, or of 1: float32 summed in another order differs by 1e-7 to 1e-5 of it


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How far two sets of logits lie apart."""

    largest_difference: float  # of any logit, absolute
    argmax_agree: int  # images to which both give the same class
    n: int  # images
    tolerance: float  # of that difference, absolute: what was asked for, times the largest logit where it is above 1
    batch_sizes: tuple[int, ...]  # tried one after another

    @property
    def reached(self) -> bool:
        """Not reached when a difference is not a number either."""
        return self.largest_difference <= self.tolerance

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "batch_sizes": list(self.batch_sizes), "reached": self.reached}


def parity(
    model: nn.Module, file: Path | str | Runner, images: torch.Tensor | np.ndarray, *, tolerance: float = TOLERANCE
) -> Parity:
    """Compares the logits of `model` in eval mode and of the exported `file` on `images`, normalised float32 N C H W.

    The first image goes through the file once more alone, so that batch size 1 is proven besides N.
    """
    runner = file if isinstance(file, Runner) else Runner(file)
    batch = torch.as_tensor(images).to(torch.float32).cpu().contiguous()
    expected = _logits(model, batch)
    answers = [(runner(batch.numpy()), expected)]
    if len(batch) > 1:
        answers.append((runner(batch[:1].numpy()), expected[:1]))
    agree = int((answers[0][0].argmax(1) == expected.argmax(1)).sum())
    return Parity(
        largest_difference=max(_largest(got, want) for got, want in answers),
        argmax_agree=agree,
        n=len(batch),
        tolerance=tolerance * max(1.0, float(np.abs(expected).max())),
        batch_sizes=tuple(len(got) for got, _ in answers),
    )


def require_parity(
    model: nn.Module, file: Path | str | Runner, images: torch.Tensor | np.ndarray, *, tolerance: float = TOLERANCE
) -> Parity:
    """`parity`, or ResultError where the difference is above `tolerance` or a logit is not finite."""
    found = parity(model, file, images, tolerance=tolerance)
    if not found.reached:
        path = file.path if isinstance(file, Runner) else file
        difference = f"{found.largest_difference:.3g}"
        raise ResultError(
            "deploy-no-parity", path=path, difference=difference, tolerance=f"{found.tolerance:.3g}", n=found.n
        )
    return found


def _logits(model: nn.Module, batch: torch.Tensor) -> np.ndarray:
    device = next(model.parameters(), batch).device
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.inference_mode():
            return model(batch.to(device)).float().cpu().numpy()
    finally:
        for module, training in modes.items():
            module.training = training


def _largest(got: np.ndarray, want: np.ndarray) -> float:
    return float(np.abs(got.astype(np.float64) - want).max())

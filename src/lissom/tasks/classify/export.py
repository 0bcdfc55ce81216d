"""A classifier of photos as a file that provably gives the same answers."""

from pathlib import Path
from typing import Any

import torch

from lissom.deploy.onnx import export_onnx
from lissom.deploy.parity import require_parity
from lissom.events import Listener
from lissom.tasks.classify.data.batches import EvalBatches
from lissom.tasks.classify.prepare import load_data, load_model
from lissom.training.run import Run

CHECKED = 64  # images on which the answers are compared


def export(run: Run, path: Path, listener: Listener) -> dict[str, Any]:
    """Writes a run's best weights as ONNX and compares ONNX Runtime's logits with ours on images of the test set.

    Returns `file`, `images`, `difference` (largest of any logit) and `tolerance`.
    Raises: ResultError, and removes the file, when the answers differ by more than the tolerance.
    """
    data, model = load_data(run.config, listener), load_model(run, torch.device("cpu"))
    batch = next(
        iter(EvalBatches(data.test, data, batch_size=CHECKED, device=torch.device("cpu"), channels_last=False))
    )
    partial = path.with_suffix(".unproven.onnx")
    try:
        export_onnx(
            model,
            partial,
            resolution=data.resolution,
            in_channels=data.in_channels,
            labels=data.class_names,
            mean=data.mean,
            std=data.std,
        )
        found = require_parity(model, partial, batch.images)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return {
        "file": str(path),
        "images": found.n,
        "difference": found.largest_difference,
        "tolerance": found.tolerance,
    }

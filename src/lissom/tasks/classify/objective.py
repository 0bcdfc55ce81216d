"""Classification of images: cross-entropy and top-1 for the engine, probabilities for whoever measures more."""

from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from lissom.engine.objective import Losses
from lissom.tasks.classify.data.batches import Batch
from lissom.tasks.classify.predictions import Predictions, top_k


class Classify:
    """What a training on photos minimises and how it is judged, as the engine asks for it.

    label_smoothing: share of the target that is spread over all classes (Szegedy et al., 1512.00567, section 7).
    class_weights: K, the loss's weight of each class; None: all 1.
    """

    primary_metric = "top1"

    def __init__(self, *, label_smoothing: float = 0.0, class_weights: Tensor | None = None) -> None:
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights

    def outputs(self, model: nn.Module, batch: Batch) -> Tensor:
        """Logits, B K."""
        return model(batch.images)

    def losses(self, outputs: Tensor, batch: Batch) -> Losses:
        """Cross-entropy of the batch; blended images have a blended target."""
        target = batch.labels if batch.targets is None else batch.targets
        weight = None if self.class_weights is None else self.class_weights.to(outputs.device)
        loss = F.cross_entropy(outputs.float(), target, weight, label_smoothing=self.label_smoothing)
        return Losses({"cross_entropy": loss})

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> dict[str, float]:
        """`top1`, `top5` (where there are more than five classes) and the mean cross-entropy `loss`."""
        predictions = predict(model, batches)
        truth = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
        metrics = {"top1": float(predictions.correct.mean()), "loss": float(-np.log(np.maximum(truth, 1e-12)).mean())}
        if predictions.probabilities.shape[1] > 5:
            metrics["top5"] = top_k(predictions, 5)
        return metrics


@torch.no_grad()
def predict(model: nn.Module, batches: Iterable[Batch]) -> Predictions:
    """Probabilities for every image of `batches`, in eval mode; the model's own mode is put back."""
    was_training = model.training
    model.eval()
    try:
        parts = [(model(batch.images).float().softmax(1).cpu(), batch.labels.cpu()) for batch in batches]
    finally:
        model.train(was_training)
    probabilities, labels = zip(*parts, strict=True)
    return Predictions(torch.cat(probabilities).numpy(), torch.cat(labels).numpy())


def class_weights(labels: NDArray[np.int64], num_classes: int) -> Tensor:
    """float32 [K]: N / (K x count), as scikit-learn's "balanced", 0 for a class without images; mean 1 over images."""
    counts = np.bincount(labels, minlength=num_classes)
    weights = np.divide(len(labels), num_classes * counts, out=np.zeros(num_classes), where=counts > 0)
    return torch.from_numpy(weights.astype(np.float32))

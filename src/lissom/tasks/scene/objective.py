"""What a training on a scene minimises and how it is judged, for the engine."""

from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lissom.engine.objective import Losses
from lissom.tasks.scene.data.batches import PixelBatch


class ClassifyScene:
    """The objective of a network that classifies pixels, as the engine asks for it.

    The network gets the scene and the pixel coordinates, and decides whether windows are cut (models/window_net.py).
    label_smoothing: share of the target that is spread over all classes (Szegedy et al., 1512.00567, section 7).
    """

    primary_metric = "oa"

    def __init__(self, *, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = label_smoothing

    def outputs(self, model: nn.Module, batch: PixelBatch) -> Tensor:
        """Logits, N K."""
        return model(batch.scene.values, batch.coords)

    def losses(self, outputs: Tensor, batch: PixelBatch) -> Losses:
        """Cross-entropy of the batch's pixels."""
        loss = F.cross_entropy(outputs.float(), batch.labels, label_smoothing=self.label_smoothing)
        return Losses({"cross_entropy": loss})

    def evaluate(self, model: nn.Module, batches: Iterable[PixelBatch]) -> dict[str, float]:
        """`oa`, the overall accuracy, `aa`, the mean of the classes' recalls, and the mean cross-entropy `loss`.

        Nothing where there are no pixels: then the last weights count.
        """
        outputs = [(model(b.scene.values, b.coords).float().log_softmax(1).cpu(), b.labels.cpu()) for b in batches]
        if not outputs:
            return {}
        scores, labels = (torch.cat(parts) for parts in zip(*outputs, strict=True))
        correct = (scores.argmax(1) == labels).numpy()
        recalls = [correct[labels.numpy() == label].mean() for label in labels.unique().numpy()]
        loss = -scores.gather(1, labels[:, None]).mean()
        return {"oa": float(correct.mean()), "aa": float(np.mean(recalls)), "loss": float(loss)}

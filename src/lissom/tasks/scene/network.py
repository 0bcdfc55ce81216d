"""What a run on a scene has learned, ready to classify: a network of windows, or a classical classifier instead."""

from typing import Any

import torch
from torch import Tensor, nn

from lissom.device import usable_cores
from lissom.models.window_net import WindowNet
from lissom.runs.weights import load_weights, read_weights
from lissom.tasks.scene.classical import PixelClassifier
from lissom.tasks.scene.prepare import CLASSICAL, build
from lissom.training.run import Run


class PixelNet(nn.Module):
    """A fitted classifier in the place of a network that sees windows of one pixel. `B bands 1 1 -> B K`

    Its logits are logarithms of the classifier's probabilities.
    """

    window = 1

    def __init__(self, classifier: PixelClassifier) -> None:
        super().__init__()
        self.classifier = classifier
        self.gate = nn.Identity()
        self.place = nn.Parameter(torch.zeros(1), requires_grad=False)  # says on which device it is: the CPU

    def forward(self, x: Tensor) -> Tensor:
        return torch.from_numpy(self.classifier.proba(x.flatten(1).numpy())).clamp(min=1e-12).log()

    def why_not_shared(self) -> str:
        """No trunk is there that could be."""
        return "pixels"


def load_network(run: Run, device: torch.device) -> WindowNet:
    """A run's network with its best weights, in eval mode; a classical classifier stays on the CPU."""
    if run.config.model.model in CLASSICAL:
        found: Any = stored_classifier(run)  # has all of a WindowNet that classifying a scene asks for
        return found
    model = build(run.config, run.facts)
    load_weights(model, run.best, classifier=model.ends.classifier)
    return model.eval().to(device)


def stored_classifier(run: Run) -> PixelNet:
    """Fits the run's classifier again on the spectra that are kept. Raises: DataError where they are damaged."""
    kept, _ = read_weights(run.best)
    config = run.config
    classifier = PixelClassifier(
        config.model.model,
        num_classes=len(run.facts.class_names),
        seed=config.engine.seed,
        threads=config.engine.threads or usable_cores(),
    )
    return PixelNet(classifier.fit(kept["pixels"].numpy(), kept["labels"].numpy())).eval()

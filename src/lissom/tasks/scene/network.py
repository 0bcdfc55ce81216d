"""What a run on a scene has learned, ready to classify: a network of windows, or a classical classifier instead."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lissom.device import usable_cores
from lissom.models.window_net import WindowNet
from lissom.runs.weights import read_weights
from lissom.tasks.scene.classical import PixelClassifier
from lissom.tasks.scene.facts import SceneFacts
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.tasks.scene.unused import CLASSICAL
from lissom.training.run import Run
from lissom.training.trained import trained


class PixelNet(nn.Module):
    """A fitted classifier instead of a network that sees windows of one pixel. `B bands 1 1 -> B K`

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
    """A run's network with its best weights, in eval mode; a classical classifier stays on the CPU.

    Raises: DataError where the kept spectra, or the weights, are damaged.
    """
    if run.config.model.model not in CLASSICAL:
        return trained(run, device)  # type: ignore[return-value]
    kept, _ = read_weights(run.best)
    found: Any = fitted(run.config, run.facts, kept["pixels"].numpy(), kept["labels"].numpy())
    return found  # has all of a WindowNet that classifying a scene asks for


def fitted(
    config: SceneTrainConfig, facts: SceneFacts, pixels: NDArray[np.floating], labels: NDArray[np.int64]
) -> PixelNet:
    """The classifier that the settings name, fitted on `N components` and `N` classes."""
    engine = config.engine
    classifier = PixelClassifier(
        config.model.model,
        num_classes=len(facts.class_names),
        seed=engine.seed,
        threads=engine.threads or usable_cores(),
    )
    return PixelNet(classifier.fit(pixels, labels)).eval()

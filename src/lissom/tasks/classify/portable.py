"""A classifier of photos as a file, and the images on which its answers are compared."""

import torch

from lissom.deploy.parity import closely
from lissom.events import Listener
from lissom.inspection.samples import evenly
from lissom.tasks.classify.predictor import INPUT, OUTPUT, ImagePredictor, View
from lissom.training.evaluate import own_data
from lissom.training.opened import Opened
from lissom.training.task import Portable
from lissom.training.trained import trained

CHECKED = 64  # images, as many of each class


def portable(opened: Opened, listener: Listener) -> Portable:
    """The run's network on the CPU, and images of its test set."""
    assert opened.run
    images = own_data(opened.run, listener).test  # type: ignore[attr-defined]
    chosen = evenly(images.labels, CHECKED)
    pixels = images.pixels(chosen).permute(0, 2, 3, 1).numpy()  # N C H W -> N H W C
    model = trained(opened.run, torch.device("cpu"))
    samples = ImagePredictor(View.of(opened.facts), dict).preprocess(pixels)
    return Portable(model=model, samples={INPUT: samples[INPUT].copy()}, outputs=(OUTPUT,), agree=closely)

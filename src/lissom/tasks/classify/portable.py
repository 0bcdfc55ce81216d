"""A classifier of photos as a file, and the images on which its outputs are compared."""

from typing import Any

import torch

from lissom.data.order import stratified
from lissom.deploy.parity import closely
from lissom.tasks.classify.predictor import INPUT, OUTPUT, ImagePredictor
from lissom.training.opened import Opened
from lissom.training.task import Arrays, NoOptions, Portable
from lissom.training.trained import trained


def portable(opened: Opened, options: NoOptions) -> Portable:
    """The run's network on the CPU."""
    assert opened.run
    model = opened.model or trained(opened.run, torch.device("cpu"))
    return Portable(model=model, outputs=(OUTPUT,), agree=closely)


def proof(predictor: ImagePredictor, data: Any, count: int) -> Arrays:
    """`images` of the part that chose, at most `count`, as many of each class."""
    images = data.val if len(data.val) else data.train
    chosen = stratified(images.labels, count)
    pixels = images.pixels(chosen).permute(0, 2, 3, 1).numpy()  # N C H W -> N H W C
    return {INPUT: predictor.preprocess(pixels)[INPUT].copy()}

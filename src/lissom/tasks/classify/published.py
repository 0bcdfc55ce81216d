"""A network with published weights, and how it sees images: resized and normalised as the publisher does."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import nn

from lissom import models
from lissom.data.files import Pixels, fit_square
from lissom.device import choose_device
from lissom.tasks.classify.predictor import View
from lissom.weights.build import build
from lissom.weights.checkpoint import IMAGENET
from lissom.weights.source import Source, source

IMAGENET_CLASSES = 1000


def published(name: str, weights: str | Path, options: Mapping[str, Any], device: str) -> tuple[View, nn.Module]:
    """The network called `name`, in eval mode; a file that is in no catalogue has ImageNet's mean and std.

    Raises: as `lissom.build`.
    """
    found = source(str(weights), name, options)
    classes = models.entry(name).num_classes
    network = build(name, weights, num_classes=classes, **options).eval().to(choose_device(device))
    mean, std = (found.norm or IMAGENET).over(3)
    return View(_labels(classes), mean, std, 3, _fitting(name, found)), network


def _fitting(name: str, found: Source) -> Callable[[Pixels], Pixels]:
    row = found.checkpoint
    if row is None or row.resize is None:
        return partial(fit_square, resolution=row.resolution if row else models.entry(name).resolution)
    resample = Image.Resampling[(row.interpolation or "bilinear").upper()]
    return partial(centre, resolution=row.resolution, share=row.resolution / row.resize, resample=resample)


def centre(array: Pixels, *, resolution: int, share: float, resample: Image.Resampling) -> Pixels:
    """H W 3 -> resolution resolution 3: the centred square with that share of the shorter side, resized.

    Publishers resize the whole image first and cut out whole pixels; cutting first differs by less than one pixel.
    """
    height, width = array.shape[:2]
    side = min(height, width) * share
    top, left = (height - side) / 2, (width - side) / 2
    box = (left, top, left + side, top + side)
    return np.asarray(Image.fromarray(array).resize((resolution, resolution), resample, box=box))


def _labels(classes: int) -> Sequence[str]:
    """ImageNet's names as torchvision has them; numbers for other classes."""
    if classes != IMAGENET_CLASSES:
        return [str(number) for number in range(classes)]
    from torchvision.models import MobileNet_V2_Weights

    return MobileNet_V2_Weights.DEFAULT.meta["categories"]

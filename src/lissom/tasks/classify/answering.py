"""From pixels to probabilities: what `predict` asks, whatever network stands behind it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import nn

from lissom import models
from lissom.data.files import Pixels, fit_square
from lissom.device import choose_device
from lissom.weights.build import build
from lissom.weights.checkpoint import IMAGENET
from lissom.weights.source import Source, source

IMAGENET_CLASSES = 1000


class Answerer(NamedTuple):
    """A network, and what it expects and answers."""

    answer: Callable[[Pixels], np.ndarray]  # uint8 N H W C -> float32 N K, probabilities
    fit: Callable[[Pixels], Pixels]  # one image, uint8 H W C, to the network's resolution
    labels: Sequence[str]
    channels: int


def answering(network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> Callable[[Pixels], np.ndarray]:
    """uint8 N H W C -> probabilities N K, by a network in eval mode that stands on its device."""
    middle, spread = (np.array(values, np.float32) for values in (mean, std))

    @torch.inference_mode()
    def answer(pixels: Pixels) -> np.ndarray:
        images = (pixels.astype(np.float32) / 255 - middle) / spread  # N H W C
        batch = torch.from_numpy(images).permute(0, 3, 1, 2).to(next(network.parameters()).device)
        return softmax(network(batch).float().cpu().numpy())

    return answer


def pretrained(name: str, weights: str | Path | None, options: Mapping[str, Any], device: str) -> Answerer:
    """The network called `name` with its weights; a file that is in no catalogue has ImageNet's mean and spread.

    Raises: as `lissom.build`.
    """
    found = source(str(weights), name, options)
    classes = models.entry(name).num_classes
    network = build(name, weights, num_classes=classes, **options).eval().to(choose_device(device))
    norm = (found.norm or IMAGENET).over(3)
    return Answerer(answering(network, *norm), _fitting(name, found), _labels(classes), 3)


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


def softmax(logits: np.ndarray) -> np.ndarray:
    """N K -> N K, each row with sum 1."""
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)

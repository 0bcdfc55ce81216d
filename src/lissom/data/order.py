"""In which order images are seen, and how much each class weighs: functions of the seed alone."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Ints = NDArray[np.int64]


def epoch_order(labels: Ints, *, seed: int, epoch: int, balanced: bool) -> Ints:
    """Places of the training images in the order of one epoch: each once, or as often as makes the classes equal."""
    rng = np.random.default_rng([seed, epoch, 0x0DE5])
    return balanced_order(labels, rng) if balanced else rng.permutation(len(labels))


def balanced_order(labels: Ints, rng: np.random.Generator) -> Ints:
    """As many places as there are labels, every class equally often (to one), its images in turn."""
    classes = np.unique(labels)
    places = rng.permutation(len(labels)) % len(classes)  # which class each place takes
    order = np.empty(len(labels), np.int64)
    for number, label in enumerate(classes):
        wanted = np.flatnonzero(places == number)
        members = np.flatnonzero(labels == label)
        rounds = -(-len(wanted) // len(members))
        order[wanted] = np.concatenate([rng.permutation(members) for _ in range(rounds)] or [members[:0]])[
            : len(wanted)
        ]
    return order


def class_weights(labels: Ints, num_classes: int) -> Tensor:
    """float32 [K]: N / (K x count), as scikit-learn's "balanced", 0 for a class without images; mean 1 over images."""
    counts = np.bincount(labels, minlength=num_classes)
    weights = np.divide(len(labels), num_classes * counts, out=np.zeros(num_classes), where=counts > 0)
    return torch.from_numpy(weights.astype(np.float32))

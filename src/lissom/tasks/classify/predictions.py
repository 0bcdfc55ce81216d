"""A network's predictions for a set of images, in NumPy."""

from typing import NamedTuple

import numpy as np


class Predictions(NamedTuple):
    """Of each image, in the set's order."""

    probabilities: np.ndarray
    """N K, float32"""
    labels: np.ndarray
    """N, int64: the true classes."""

    @property
    def predicted(self) -> np.ndarray:
        """The class with the highest probability, N."""
        return self.probabilities.argmax(1)

    @property
    def correct(self) -> np.ndarray:
        """Whether it is the true one, N."""
        return self.predicted == self.labels


def top_k(predictions: Predictions, k: int) -> float:
    """Share of images whose true class is among the `k` most probable; a tie at rank k counts as a miss."""
    truth = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
    others_ahead = (predictions.probabilities >= truth[:, None]).sum(1) - 1
    return float((others_ahead < k).mean())

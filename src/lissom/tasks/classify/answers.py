"""What a network said of a set of images, in NumPy."""

from typing import NamedTuple

import numpy as np


class Answers(NamedTuple):
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


def top_k(answers: Answers, k: int) -> float:
    """Share of images whose true class is among the `k` most probable; a tie at the k-th place counts as a miss."""
    truth = answers.probabilities[np.arange(len(answers.labels)), answers.labels]
    others_ahead = (answers.probabilities >= truth[:, None]).sum(1) - 1
    return float((others_ahead < k).mean())

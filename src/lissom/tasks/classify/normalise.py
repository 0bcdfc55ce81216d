"""How pixels become what a network takes, in NumPy: the same numbers as in training, bit for bit."""

from collections.abc import Sequence

import numpy as np

from lissom.data.files import Pixels


def normalise(pixels: Pixels, mean: Sequence[float], std: Sequence[float]) -> np.ndarray:
    """uint8 N H W C -> float32 N C H W, its memory still N H W C; mean and std are of pixels scaled to 0..1.

    As `data.batches.Normaliser` computes it: less 255 mean, times 1 / (255 std), in single precision.
    """
    images = pixels.astype(np.float32)
    images -= np.array(mean, np.float32) * np.float32(255)
    images *= np.float32(1) / (np.array(std, np.float32) * np.float32(255))
    return images.transpose(0, 3, 1, 2)  # N H W C -> N C H W

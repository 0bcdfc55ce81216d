"""Pictures with their boxes, as every format is read and every batch is made."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.data.files import read_image


class Labels(NamedTuple):
    """The boxes of one picture, as it is seen upright."""

    boxes: NDArray[np.float32]
    """n 4: left, top, right, bottom, in pixels."""
    classes: NDArray[np.int64]
    """n"""
    crowd: NDArray[np.bool_]
    """n: several objects under one box, which is neither trained on nor missed (COCO's `iscrowd`)."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Pictures of one part of the data; one without boxes is background."""

    names: tuple[str, ...]
    """As reports name them: each once, below the folder of the data."""
    files: tuple[Path, ...]
    sizes: NDArray[np.int32]
    """N 2: width and height, upright, in pixels."""
    boxes: NDArray[np.float32]
    """M 4, those of a picture behind those of the one before; see `Labels`."""
    classes: NDArray[np.int64]
    """M"""
    crowd: NDArray[np.bool_]
    """M"""
    starts: NDArray[np.int64]
    """N + 1: where the boxes of each picture begin, and the end."""

    def __len__(self) -> int:
        return len(self.names)

    def labels(self, index: int) -> Labels:
        """The boxes of one picture."""
        own = slice(self.starts[index], self.starts[index + 1])
        return Labels(self.boxes[own], self.classes[own], self.crowd[own])

    def subset(self, indices: NDArray[np.int64]) -> "Pictures":
        """Some of the pictures, in the order of `indices`."""
        parts = [self.labels(int(index)) for index in indices]
        counts = [len(part.classes) for part in parts]
        return Pictures(
            names=tuple(self.names[index] for index in indices),
            files=tuple(self.files[index] for index in indices),
            sizes=self.sizes[indices],
            boxes=np.concatenate([part.boxes for part in parts] or [self.boxes[:0]]),
            classes=np.concatenate([part.classes for part in parts] or [self.classes[:0]]),
            crowd=np.concatenate([part.crowd for part in parts] or [self.crowd[:0]]),
            starts=np.cumsum([0, *counts]),
        )

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """One picture upright, H W 3. Raises: DataError that names the file and the reason."""
        return read_image(self.files[index], channels=3, name=self.names[index])

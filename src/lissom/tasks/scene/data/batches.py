"""Pixels in steps: coordinates and labels, and the one scene that all of them share. No window is cut here."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lissom.data.order import epoch_order
from lissom.errors import DataError


@dataclass(frozen=True)
class Reduced:
    """A scene as the network reads it: `components H W`, float32, on the network's device."""

    values: Tensor


@dataclass(frozen=True)
class PixelBatch:
    """`coords` int64 N 2 (row, column) in `scene`, `labels` int64 N."""

    coords: Tensor
    labels: Tensor
    scene: Reduced

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> "PixelBatch":
        """The scene stays whole: it is what all pixels share."""
        return PixelBatch(self.coords[:count], self.labels[:count], self.scene)


class TrainPixels:
    """The pixels of `mask` in steps of at most `batch_size`, all alike, each cut in equal parts.

    482 pixels at 256 are two steps of 241: training sets are small here, and nearly half of one would be lost in full
    steps alone. What the parts cannot share equally is left out, other pixels in each epoch.
    Raises: DataError where there are fewer pixels than parts.
    """

    def __init__(
        self,
        scene: Reduced,
        labels: NDArray[np.int64],
        mask: NDArray[np.bool_],
        *,
        batch_size: int,
        parts: int = 1,
        seed: int = 0,
    ) -> None:
        self._scene = scene
        self._places, self._labels = pixels(labels, mask)
        if len(self._labels) < parts:
            raise DataError("scene-fewer-than-parts", got=len(self._labels), expected=parts)
        self._parts, self._seed = parts, seed
        count = len(self._labels)
        least = min(2, batch_size // parts) * parts  # one pixel of each part is too few for its norms
        self.steps_per_epoch = min(-(-count // batch_size), max(count // least, 1))
        self._batch_size = min(count // self.steps_per_epoch // parts * parts, batch_size)
        self.part_size = self._batch_size // parts

    def epoch(self, epoch: int, *, start_step: int = 0, parts: range | None = None) -> Iterator[list[PixelBatch]]:
        """For each step from `start_step` on, its micro-batches numbered in `parts` (None: all)."""
        parts = range(self._parts) if parts is None else parts
        order = epoch_order(self._labels, seed=self._seed, epoch=epoch, balanced=False)
        size = self._batch_size // self._parts
        for step in range(start_step, self.steps_per_epoch):
            first = step * self._batch_size
            chosen = [order[first + part * size : first + (part + 1) * size] for part in parts]
            yield [batch(self._scene, self._places[part], self._labels[part]) for part in chosen]


class EvalPixels:
    """The pixels of `mask`, row by row, in batches that memory holds easily."""

    def __init__(
        self, scene: Reduced, labels: NDArray[np.int64], mask: NDArray[np.bool_], *, batch_size: int = 2048
    ) -> None:
        self._scene, self._batch_size = scene, batch_size
        self._places, self._labels = pixels(labels, mask)

    def __len__(self) -> int:
        return -(-len(self._labels) // self._batch_size)

    def __iter__(self) -> Iterator[PixelBatch]:
        for start in range(0, len(self._labels), self._batch_size):
            part = slice(start, start + self._batch_size)
            yield batch(self._scene, self._places[part], self._labels[part])


def pixels(labels: NDArray[np.int64], mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places N 2 and labels N of the labelled pixels in `mask`."""
    coords = np.argwhere(mask & (labels >= 0))
    return coords, labels[coords[:, 0], coords[:, 1]]


def batch(scene: Reduced, coords: NDArray[np.int64], labels: NDArray[np.int64]) -> PixelBatch:
    """The same on the scene's device."""
    device = scene.values.device
    return PixelBatch(torch.from_numpy(coords).to(device), torch.from_numpy(labels).to(device), scene)

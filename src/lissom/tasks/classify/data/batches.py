"""Batches of one optimizer step after the other: the same for every process and from every step on.

Order and augmentation depend on (seed, epoch, step) and on an image's index in the batch, on nothing else: not on who
asks, not on what was asked before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lissom.data.files import Pixels
from lissom.data.order import epoch_order
from lissom.data.pixels import CachedPixels, StreamedPixels
from lissom.data.stream import stream
from lissom.errors import DataError
from lissom.tasks.classify.data.augment import Augment, Draws, crop_and_flip, cut_out, flip, mix, mixed_targets
from lissom.tasks.classify.data.crops import Item, read_square
from lissom.tasks.classify.data.images import ImageData, ImageSet
from lissom.tasks.classify.data.randaugment import rand_augment
from lissom.tasks.classify.settings import AugmentConfig

Ints = NDArray[np.int64]


@dataclass
class Batch:
    """`images` float32 B C H W, normalised; `labels` int64 B; `targets` float32 B K where images are mixed; `indices`
    int64 B, indices into the image set."""

    images: Tensor
    labels: Tensor
    targets: Tensor | None
    indices: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> "Batch":
        targets = None if self.targets is None else self.targets[:count]
        return Batch(self.images[:count], self.labels[:count], targets, self.indices[:count])


class Scale(Protocol):
    """How pixels are normalised: mean and standard deviation per channel, of pixels scaled to 0..1."""

    @property
    def mean(self) -> tuple[float, ...]: ...
    @property
    def std(self) -> tuple[float, ...]: ...


class Normaliser:
    """uint8 B H W C -> float32 B C H W with mean 0 and standard deviation 1 over the training images."""

    def __init__(self, data: Scale, device: torch.device | str, *, channels_last: bool) -> None:
        self.device = torch.device(device)
        self._mean = torch.tensor(data.mean, device=self.device).view(-1, 1, 1) * 255
        self._scale = 1 / (torch.tensor(data.std, device=self.device).view(-1, 1, 1) * 255)
        self._layout = torch.channels_last if channels_last else torch.contiguous_format

    def __call__(self, pixels: Pixels | Tensor) -> Tensor:
        images = (torch.from_numpy(pixels) if isinstance(pixels, np.ndarray) else pixels).to(self.device)
        images = images.permute(0, 3, 1, 2).to(torch.float32, memory_format=self._layout)  # B H W C -> B C H W
        return images.sub_(self._mean).mul_(self._scale)


class TrainBatches:
    """The training images of `data` in steps of `batch_size`, each cut in `parts` equal parts; the rest is dropped.

    Raises: DataError where there are fewer images than one batch holds.
    """

    def __init__(
        self,
        data: ImageData,
        scale: Scale,
        augment: AugmentConfig,
        *,
        batch_size: int,
        parts: int = 1,
        seed: int = 0,
        device: torch.device | str = "cpu",
        channels_last: bool = True,
        num_classes: int | None = None,
        balance: Literal["none", "weights", "sampler"] = "none",
    ) -> None:
        if batch_size > len(data.train):
            fitting = max(len(data.train) // parts, 1) * parts
            raise DataError("batch-larger-than-data", got=batch_size, count=len(data.train), fitting=fitting)
        self._data, self._store = data, data.train.store
        self._batch_size, self._parts, self._seed = batch_size, parts, seed
        self._num_classes = num_classes or len(data.class_names)
        self._balanced = balance == "sampler"
        self._normalise = Normaliser(scale, device, channels_last=channels_last)
        self._random_size = not data.small and augment.crop != 0
        self._augment = Augment.resolve(augment, resolution=data.resolution, small=data.small, mirrored=data.mirrored)
        self.steps_per_epoch = len(data.train) // batch_size

    def epoch(self, epoch: int, *, start_step: int = 0, parts: range | None = None) -> Iterator[list[Batch]]:
        """For each step from `start_step` on, its micro-batches numbered in `parts` (None: all)."""
        parts = range(self._parts) if parts is None else parts
        size = self._batch_size // self._parts
        order = epoch_order(self._data.train.labels, seed=self._seed, epoch=epoch, balanced=self._balanced)
        steps = range(start_step, self.steps_per_epoch)
        decoded = None
        if isinstance(self._store, StreamedPixels):
            decoded = _squares(self._store, self._items(order, epoch, steps, parts, size))
        for step in steps:
            rng = np.random.default_rng([self._seed, epoch, step, 0xD4A5])
            draws = self._augment.draw(self._batch_size, self._parts, rng)
            chosen = order[step * self._batch_size :]
            batches = []
            for part in parts:
                indices = chosen[part * size : (part + 1) * size]
                part_draws = draws.part(part * size, (part + 1) * size)
                batches.append(self._batch(indices, part_draws, next(decoded) if decoded else None))
            yield batches

    def _items(self, order: Ints, epoch: int, steps: range, parts: range, size: int) -> list[list[Item]]:
        """The images of each part in turn; each image's crop is drawn by its position in the epoch."""
        indices = self._data.train.indices
        starts = [step * self._batch_size + part * size for step in steps for part in parts]
        return [
            [Item(int(indices[order[at]]), self._crop_key(epoch, at)) for at in range(start, start + size)]
            for start in starts
        ]

    def _crop_key(self, epoch: int, at: int) -> tuple[int, int, int] | None:
        return (self._seed, epoch, at) if self._random_size else None

    def _batch(self, indices: Ints, draws: Draws, decoded: Pixels | None) -> Batch:
        config = self._augment.config
        if not self._data.small:
            assert decoded is not None
            pixels = flip(decoded, draws.flips)
        elif isinstance(self._store, CachedPixels):
            pixels = crop_and_flip(self._store.array, self._data.train.indices[indices], draws)
        else:
            assert decoded is not None
            pixels = crop_and_flip(decoded, np.arange(len(decoded)), draws)
        if config.randaugment:
            pixels = rand_augment(pixels, draws.operations, draws.signs, config.magnitude)
        images = self._normalise(pixels)
        labels = torch.from_numpy(self._data.train.labels[indices]).to(images.device)
        if config.cutout:
            images = cut_out(images, draws, config.cutout)
        targets = None
        if self._augment.mixes:
            images, own = mix(images, draws)
            targets = mixed_targets(labels, own, draws.partners, self._num_classes)
        return Batch(images, labels, targets, torch.from_numpy(indices))


class EvalBatches:
    """All images of a set in order, without augmentation; the last batch may be smaller."""

    def __init__(
        self,
        image_set: ImageSet,
        scale: Scale,
        *,
        batch_size: int = 256,
        device: torch.device | str = "cpu",
        channels_last: bool = True,
    ) -> None:
        self._set, self._batch_size = image_set, batch_size
        self._normalise = Normaliser(scale, device, channels_last=channels_last)

    def __len__(self) -> int:
        return -(-len(self._set) // self._batch_size)

    def __iter__(self) -> Iterator[Batch]:
        batches = pixel_batches(self._set, self._batch_size)
        for start, pixels in zip(range(0, len(self._set), self._batch_size), batches, strict=True):
            indices = np.arange(start, start + len(pixels))
            images = self._normalise(pixels)
            labels = torch.from_numpy(self._set.labels[indices]).to(images.device)
            yield Batch(images, labels, None, torch.from_numpy(indices))


def pixel_batches(images: ImageSet, batch_size: int) -> Iterator[Pixels]:
    """All images of a set in order, uint8 B H W C; the last batch may be smaller."""
    chunks = [images.indices[start : start + batch_size] for start in range(0, len(images), batch_size)]
    if isinstance(images.store, CachedPixels):
        return map(images.store.take, chunks)
    items = [[Item(int(index), None) for index in chunk] for chunk in chunks]
    return _squares(images.store, items)


def _squares(store: StreamedPixels, items: list[list[Item]]) -> Iterator[Pixels]:
    """Each batch of items, B H W C. Raises: DataError that names the unreadable files of a batch."""
    return map(np.stack, stream(items, partial(read_square, store.source, store.resolution), workers=store.workers))

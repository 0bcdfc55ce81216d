"""Batches of images with boxes: the same for every process and from every step on.

Order and augmentation depend on (seed, epoch, index in the epoch), on nothing else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from lissom.boxes.forms import to_centres
from lissom.data.files import Pixels, Unreadable
from lissom.data.order import epoch_order
from lissom.data.stream import stream
from lissom.errors import DataError
from lissom.tasks.detect.augment import Sample, augmented
from lissom.tasks.detect.data.pictures import Pictures
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.heads import Targets
from lissom.tasks.detect.letterbox import Fit, fit_of, padded, rectangle, resized, to_input
from lissom.tasks.detect.settings import DetectAugmentConfig

LARGEST_CACHE = 1 << 30  # bytes of decoded images that are kept
AT_ONCE = 16  # images of a validation batch


@dataclass
class DetectBatch:
    """`images` float32 B 3 H W, normalised; `boxes` T 4, centre and size in pixels of the input; `classes` and `of` T:
    which image each box is of; `indices` and `fits` of the images where they are not augmented."""

    images: Tensor
    boxes: Tensor
    classes: Tensor
    of: Tensor
    indices: tuple[int, ...] = ()
    fits: tuple[Fit, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def first(self, count: int) -> "DetectBatch":
        own = self.of < count
        cut = {"boxes": self.boxes[own], "classes": self.classes[own], "of": self.of[own]}
        return replace(self, images=self.images[:count], indices=self.indices[:count], fits=self.fits[:count], **cut)


class Normaliser:
    """uint8 B H W 3 -> float32 B 3 H W, as the facts say."""

    def __init__(self, facts: DetectFacts, device: torch.device | str, *, channels_last: bool = False) -> None:
        self.device = torch.device(device)
        mean, std = (
            torch.tensor(values, device=self.device).view(-1, 1, 1) * 255 for values in (facts.mean, facts.std)
        )
        self._mean, self._scale = mean, 1 / std
        self._layout = torch.channels_last if channels_last else torch.contiguous_format

    def __call__(self, pixels: Pixels) -> Tensor:
        images = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2)  # B H W 3 -> B 3 H W
        return images.to(torch.float32, memory_format=self._layout).sub_(self._mean).mul_(self._scale)


class Store:
    """Images of a part, their longer sides as long as the input's; kept once they were decoded, where they may be.

    It travels to other processes with what it holds by then.
    """

    def __init__(self, pictures: Pictures, side: int, *, keep: bool) -> None:
        self.pictures, self.side = pictures, side
        self._keep = keep and len(pictures) * side * side * 3 <= LARGEST_CACHE
        self._kept: dict[int, Pixels] = {}

    def pixels(self, index: int) -> Pixels:
        """H W 3. Raises: Unreadable."""
        if index in self._kept:
            return self._kept[index]
        found = self._read(index)
        if self._keep:
            self._kept[index] = found
        return found

    def _read(self, index: int) -> Pixels:
        try:
            return resized(self.pictures.pixels(index), self.side)
        except DataError as error:
            unreadable = Unreadable(str(error.values.get("reason", error)))
            unreadable.name = self.pictures.names[index]
            raise unreadable from error

    def checked(self, index: int) -> Pixels:
        """The same. Raises: DataError that names the file."""
        try:
            return self.pixels(index)
        except Unreadable as error:
            raise DataError("image-unreadable", path=error.name, reason=error) from error

    def fill(self) -> None:
        """Decodes all that may be kept, before other processes begin. Raises: DataError."""
        if self._keep:
            for index in range(len(self.pictures)):
                self.checked(index)

    def sample(self, index: int) -> Sample:
        """With its boxes; a crowd is not learned."""
        labels = self.pictures.labels(index)
        boxes = to_input(labels.boxes, Fit(self.side / float(self.pictures.sizes[index].max()), 0, 0, 0, 0))
        return Sample(self.pixels(index), boxes[~labels.crowd], labels.classes[~labels.crowd])


class Item(NamedTuple):
    """A training image and what its changes are drawn by."""

    image: int
    key: tuple[int, int, int]


class Augmenter:
    """What a worker process makes of an item."""

    def __init__(self, store: Store, config: DetectAugmentConfig) -> None:
        self._store, self._config = store, config

    def __call__(self, item: Item) -> Sample:
        rng = np.random.default_rng([*item.key, 0xB0E5])
        store = self._store
        return augmented(item.image, len(store.pictures), store.sample, store.side, self._config, rng)


class TrainBatches:
    """The training images in steps of `batch_size`, each cut in `parts` equal parts; the rest is dropped.

    Raises: DataError where there are fewer images than one batch holds.
    """

    def __init__(
        self,
        store: Store,
        facts: DetectFacts,
        config: DetectAugmentConfig,
        normalise: Normaliser,
        *,
        batch_size: int,
        parts: int,
        seed: int,
        workers: int,
        epochs: int,
    ) -> None:
        count = len(store.pictures)
        if batch_size > count:
            fitting = max(count // parts, 1) * parts
            raise DataError("batch-larger-than-data", got=batch_size, count=count, fitting=fitting)
        self._store, self._facts, self._config, self._normalise = store, facts, config, normalise
        self._batch_size, self._parts, self._seed, self._workers = batch_size, parts, seed, workers
        self._closing = epochs - round(epochs * config.close_mosaic)
        self.steps_per_epoch = count // batch_size

    def epoch(self, epoch: int, *, start_step: int = 0, parts: range | None = None) -> Iterator[list[DetectBatch]]:
        """For each step from `start_step` on, its micro-batches numbered in `parts` (None: all)."""
        parts = range(self._parts) if parts is None else parts
        size, count = self._batch_size // self._parts, len(self._store.pictures)
        order = epoch_order(np.zeros(count, np.int64), seed=self._seed, epoch=epoch, balanced=False)
        steps = range(start_step, self.steps_per_epoch)
        starts = [step * self._batch_size + part * size for step in steps for part in parts]
        items = [
            [Item(int(order[at]), (self._seed, epoch, at)) for at in range(start, start + size)] for start in starts
        ]
        if self._workers:
            self._store.fill()
        config = self._config if epoch < self._closing else replace(self._config, mosaic=0.0, mixup=0.0)
        samples = stream(items, Augmenter(self._store, config), workers=self._workers)
        for step in steps:
            side = self._side(epoch, step)
            yield [batched(next(samples), self._normalise, side) for _ in parts]

    def _side(self, epoch: int, step: int) -> int:
        """Of the images of a step, the same for all its parts."""
        side, stride = self._store.side, self._facts.step
        if not self._config.multi_scale:
            return side
        share = np.random.default_rng([self._seed, epoch, step, 0x51DE]).uniform(-1, 1) * self._config.multi_scale
        return max(round(side * (1 + share) / stride), 1) * stride


def batched(samples: Sequence[Sample], normalise: Normaliser, side: int) -> DetectBatch:
    """Images of one shape, then at `side` pixels where they have another side."""
    images = normalise(np.stack([sample.pixels for sample in samples]))
    ratio = side / images.shape[-1]
    if ratio != 1:
        images = F.interpolate(images, size=(side, side), mode="bilinear", align_corners=False)
    return _with_boxes(images, samples, ratio)


def _with_boxes(images: Tensor, samples: Sequence[Sample], ratio: float = 1.0) -> DetectBatch:
    boxes, classes, of = (each.to(images.device) for each in targets_of(samples, ratio))
    return DetectBatch(images, boxes, classes, of)


def targets_of(samples: Sequence[Sample], ratio: float = 1.0) -> Targets:
    """Their boxes, `ratio` times as large."""
    corners = torch.from_numpy(np.concatenate([sample.boxes for sample in samples])) * ratio
    classes = torch.from_numpy(np.concatenate([sample.classes for sample in samples]))
    of = torch.from_numpy(np.repeat(np.arange(len(samples)), [len(sample.classes) for sample in samples]))
    return Targets(to_centres(corners), classes, of)


class EvalBatches:
    """All images of a part as they are judged, without augmentation, like shapes together, so that each batch has the
    smallest rectangle that takes them; the last one may be smaller."""

    def __init__(
        self,
        pictures: Pictures,
        facts: DetectFacts,
        normalise: Normaliser,
        *,
        keep: bool = False,
        batch_size: int | None = None,
    ) -> None:
        self._store = Store(pictures, facts.resolution, keep=keep)
        self._stride, self._normalise = facts.step, normalise
        aspect = pictures.sizes[:, 1] / np.maximum(pictures.sizes[:, 0], 1)
        order, size = np.argsort(aspect, kind="stable"), batch_size or AT_ONCE
        self.chunks: list[NDArray[np.int64]] = [order[start : start + size] for start in range(0, len(order), size)]

    def __len__(self) -> int:
        return len(self.chunks)

    def __iter__(self) -> Iterator[DetectBatch]:
        for chunk, (pixels, samples, fits) in zip(self.chunks, self.pixels(), strict=True):
            batch = _with_boxes(self._normalise(pixels), samples)
            yield replace(batch, indices=tuple(chunk.tolist()), fits=tuple(fits))

    def pixels(self) -> Iterator[tuple[Pixels, list[Sample], list[Fit]]]:
        """Of each batch uint8 B H W 3, the images as they lie there, and how. Raises: DataError for a broken file."""
        for chunk in self.chunks:
            sizes = self._store.pictures.sizes[chunk]
            shape = rectangle(sizes, self._store.side, self._stride)
            yield placed(self._store, chunk.tolist(), shape)


def placed(store: Store, indices: Sequence[int], shape: tuple[int, int]) -> tuple[Pixels, list[Sample], list[Fit]]:
    """Some images in one input, B H W 3. shape: its height and width."""
    sizes = store.pictures.sizes[list(indices)]
    fits = [fit_of((wide, high), shape, store.side) for wide, high in sizes.tolist()]
    samples = []
    for index, fit in zip(indices, fits, strict=True):
        labels = store.pictures.labels(index)
        boxes, single = to_input(labels.boxes, fit), ~labels.crowd
        samples.append(Sample(padded(store.checked(index), shape, fit), boxes[single], labels.classes[single]))
    return np.stack([sample.pixels for sample in samples]), samples, fits

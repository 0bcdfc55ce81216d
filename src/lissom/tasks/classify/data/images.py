"""A data set ready for training: three parts, each a list of labelled images whose pixels come when asked for."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lissom.data.files import DECODE_VERSION, Unreadable, image_size
from lissom.data.pixels import (
    LARGEST_CACHE,
    SMALL_SIDE,
    CachedPixels,
    NotSmall,
    StreamedPixels,
    cached,
    verify,
)
from lissom.events import Listener, Note, note, silent
from lissom.tasks.classify.data.sources import Digits, Source, open_source
from lissom.tasks.classify.data.splits import Split, check_trainable, split
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.tasks.classify.settings import DataConfig
from lissom.training.run import DataUsed, Item, parts_digest

SAMPLE = 64  # images whose headers tell whether a data set is small
MEASURED = 10_000  # images at most from which mean and spread are computed; 256 where they are streamed


@dataclass(frozen=True)
class ImageSet:
    """A part of a data set. `labels` int64 [N]; `names` are paths inside the source; `places` the source's numbers."""

    store: CachedPixels | StreamedPixels
    places: NDArray[np.int64]
    labels: NDArray[np.int64]
    names: list[str]

    def __len__(self) -> int:
        return len(self.places)

    def pixels(self, indices: NDArray[np.int64] | list[int] | range) -> Tensor:
        """uint8 N C H W at the data's resolution, centre-cropped."""
        rows = self.store.take(self.places[np.asarray(indices, np.int64)])
        return torch.from_numpy(rows).permute(0, 3, 1, 2)  # N H W C -> N C H W, channels-last in memory


@dataclass(frozen=True)
class ImageData:
    """A data set in three parts: `train`, `val` (chooses the best weights), `test` (read once).

    `mean` and `std` are per channel, of pixels scaled to 0..1, from training images alone. `digest` names the
    source's content. `small`: decoded once and cached; else streamed.
    """

    name: str
    class_names: tuple[str, ...]
    train: ImageSet
    val: ImageSet
    test: ImageSet
    in_channels: int
    resolution: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    digest: str
    small: bool
    split: Split
    source: str
    """As the settings name it."""

    @property
    def sizes(self) -> dict[str, int]:
        """Images that train, choose and test."""
        return {"train": len(self.train), "val": len(self.val), "test": len(self.test)}

    @property
    def used(self) -> DataUsed:
        """For the run folder."""
        parts = parts_digest(*(part.places for part in (self.train, self.val, self.test)))
        return DataUsed(source=self.source, digest=self.digest, parts=parts, sizes=self.sizes, split=self.split_note)

    @property
    def items(self) -> dict[str, Item]:
        """Every image that is in a part, by its name in the source."""
        parts = {"train": self.train, "val": self.val, "test": self.test}
        return {name: Item(self.digest, part) for part, images in parts.items() for name in images.names}

    @property
    def facts(self) -> ClassifyFacts:
        """What a network must know of these images."""
        return ClassifyFacts(
            class_names=self.class_names,
            mean=self.mean,
            std=self.std,
            resolution=self.resolution,
            in_channels=self.in_channels,
        )

    @property
    def split_note(self) -> Note:
        """Where the choosing and the test images come from."""
        return note(f"data.split-val-{self.split.val_from}-test-{self.split.test_from}")


def load(
    config: DataConfig, *, cache_dir: Path, default_resolution: int = 224, listener: Listener = silent
) -> ImageData:
    """The data set that `config.data` names, split, and decoded into `cache_dir` where its images are small.

    `default_resolution` is used for large images when the configuration gives none. `listener` is told of bytes
    fetched, then of images decoded.
    Raises: DataError for input that cannot be trained on, MachineError for a cache that is full.
    """
    source = open_source(config.data, cache_dir=cache_dir, download=config.download, listener=listener)
    check_trainable(source)
    store, resolution = _store(source, config, cache_dir / "images", default_resolution, listener)
    parts = split(
        source.parts,
        source.labels,
        val_fraction=config.val_fraction,
        test_fraction=config.test_fraction,
        seed=config.split_seed,
    )
    mean, std = _mean_std(store, parts.train)
    train, val, test = (_image_set(source, store, places) for places in (parts.train, parts.val, parts.test))
    return ImageData(
        name=source.name,
        class_names=source.class_names,
        train=train,
        val=val,
        test=test,
        in_channels=source.channels,
        resolution=resolution,
        mean=mean,
        std=std,
        digest=versioned(source),
        small=store.small,
        split=parts,
        source=config.data,
    )


def versioned(source: Source) -> str:
    """A name for the decoded source: its content and the version of the decoder."""
    return hashlib.sha256(f"{DECODE_VERSION} {source.channels} {source.digest}".encode()).hexdigest()[:24]


def _image_set(source: Source, store: CachedPixels | StreamedPixels, places: NDArray[np.int64]) -> ImageSet:
    return ImageSet(store, places, source.labels[places], [source.names[place] for place in places])


def _store(
    source: Source, config: DataConfig, folder: Path, default_resolution: int, listener: Listener
) -> tuple[CachedPixels | StreamedPixels, int]:
    """Where the pixels come from, and the side at which they come."""
    digest = versioned(source)
    record = folder / f"{digest}.json"  # there once the images were found to be large, and all readable
    largest, typical = _sampled_sides(source)
    small = largest <= SMALL_SIDE and not record.is_file()
    resolution = config.resolution or (typical if small else default_resolution)
    fits = len(source.names) * resolution**2 * source.channels <= LARGEST_CACHE
    if config.cache == "always" or (config.cache == "auto" and small and fits):
        limit = SMALL_SIDE if config.cache == "auto" else None
        try:
            path = folder / f"{digest}-{resolution}.npy"
            return cached(source, path, resolution, largest_side=limit, listener=listener), resolution
        except NotSmall:
            resolution = config.resolution or default_resolution
    verify(source, record, listener=listener)
    return StreamedPixels(source, resolution), resolution


def _sampled_sides(source: Source) -> tuple[int, int]:
    """(longest, median) of the longer sides of images spread evenly over the source; 32 for `digits`."""
    if isinstance(source, Digits):
        return 32, 32
    total = len(source.names)
    sides = []
    for index in np.linspace(0, total - 1, min(SAMPLE, total)).astype(int):
        try:
            data = source.read(int(index))
            sides.append(max(image_size(data) if isinstance(data, bytes) else data.shape[:2]))
        except Unreadable:  # named with all others when they are decoded
            continue
    return (max(sides), int(np.median(sides))) if sides else (1, 1)


def _mean_std(
    store: CachedPixels | StreamedPixels, places: NDArray[np.int64]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per channel, of pixels scaled to 0..1, from training images spread evenly; sums are exact integers."""
    count = min(len(places), MEASURED if store.small else 256)
    chosen = places[np.linspace(0, len(places) - 1, count).astype(int)]
    total, squares, pixels = np.zeros(1, np.int64), np.zeros(1, np.int64), 0
    for start in range(0, count, 256):
        rows = store.take(chosen[start : start + 256])
        values = rows.reshape(-1, rows.shape[-1])
        total = total + values.sum(0, dtype=np.int64)
        squares = squares + np.square(values, dtype=np.int64).sum(0)
        pixels += len(values)
    mean = total / pixels
    spread = np.sqrt(np.maximum(squares / pixels - mean**2, 1.0))  # at least one grey level: no division by zero
    return tuple((mean / 255).tolist()), tuple((spread / 255).tolist())

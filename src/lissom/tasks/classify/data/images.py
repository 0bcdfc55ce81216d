"""A data set ready for training: three parts, each a list of labelled images whose pixels come when asked for."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lissom.data.files import DECODE_VERSION
from lissom.data.pixels import LARGEST_CACHE, SMALL_SIDE, CachedPixels, StreamedPixels, cached, kept, verify
from lissom.data.scales import Scales
from lissom.events import Listener, Note, note, silent
from lissom.tasks.classify.data.content import Content
from lissom.tasks.classify.data.depth import clipped_notes, decide, find_deep, found_notes, rare_notes
from lissom.tasks.classify.data.sources import Digits, Source, open_source
from lissom.tasks.classify.data.splits import Split, check_trainable, split
from lissom.tasks.classify.data.told import tell
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.tasks.classify.settings import DataConfig
from lissom.training.run import DataUsed, Item, items_digest, parts_digest

MEASURED, FEW_MEASURED = 10_000, 256  # small and large images at most from which mean and std are computed


@dataclass(frozen=True)
class ImageSet:
    """A part of a data set. `labels` int64 [N]; `names` are paths inside the source; `indices` the source's numbers."""

    store: CachedPixels | StreamedPixels
    indices: NDArray[np.int64]
    labels: NDArray[np.int64]
    names: list[str]

    def __len__(self) -> int:
        return len(self.indices)

    def pixels(self, indices: NDArray[np.int64] | list[int] | range) -> Tensor:
        """uint8 N C H W at the data's resolution, centre-cropped."""
        rows = self.store.take(self.indices[np.asarray(indices, np.int64)])
        return torch.from_numpy(rows).permute(0, 3, 1, 2)  # N H W C -> N C H W, channels-last in memory


@dataclass(frozen=True)
class ImageData:
    """A data set in three parts: `train`, `val` (chooses the best weights), `test` (read once).

    `mean` and `std` are per channel, of pixels scaled to 0..1, from training images alone. `small`: no image has a side
    of more than 96 pixels, so they are padded and cropped; others are cropped at random size and position.
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
    items: dict[str, Item]
    """What the data is made of: files by their names below the enclosing folders, or whatever else holds images."""
    small: bool
    split: Split
    source: str
    """As the settings name it."""
    scales: Scales | None = None
    """With which images of more than 8 bits are decoded."""
    notes: tuple[Note, ...] = ()
    """On those images."""

    @property
    def mirrored(self) -> bool:
        """Whether an image's mirror image is as likely: not that of a digit."""
        return self.source != Digits.name

    @property
    def sizes(self) -> dict[str, int]:
        """Images that train, choose and test."""
        return {"train": len(self.train), "val": len(self.val), "test": len(self.test)}

    @property
    def used(self) -> DataUsed:
        """For the run folder."""
        parts = parts_digest(*(part.indices for part in (self.train, self.val, self.test)))
        return DataUsed(
            source=self.source,
            digest=items_digest(self.items),
            parts=parts,
            sizes=self.sizes,
            split=self.split_note,
            notes=self.notes,
        )

    @property
    def facts(self) -> ClassifyFacts:
        """What a network must know of these images."""
        return ClassifyFacts(
            class_names=self.class_names,
            mean=self.mean,
            std=self.std,
            resolution=self.resolution,
            in_channels=self.in_channels,
            scales=self.scales,
        )

    @property
    def split_note(self) -> Note:
        """Where the choosing and the test images come from."""
        return note(f"data.split-val-{self.split.val_from}-test-{self.split.test_from}")


def load(
    config: DataConfig,
    *,
    cache_dir: Path,
    default_resolution: int = 224,
    facts: ClassifyFacts | None = None,
    listener: Listener = silent,
) -> ImageData:
    """The data set that `config.data` names, split, and decoded into `cache_dir` where its images are small.

    `default_resolution` is used for large images when the configuration gives none. facts: of the run whose data it is.
    `listener` is told of bytes fetched, of the classes and of what is left out, then of images decoded.
    Raises: DataError for input that cannot be trained on, MachineError for a cache that is full.
    """
    source = open_source(config.data, cache_dir=cache_dir, download=config.download, listener=listener)
    tell(source, listener)
    check_trainable(source)
    content = source.content(cache_dir, listener, workers=config.workers)
    small, typical = _small(content)
    resolution = config.resolution or (typical if small else default_resolution)
    notes = _scale(source, content, config, cache_dir / "images", facts, listener)
    store = _store(source, content, config, cache_dir / "images", resolution, small=small, listener=listener)
    parts = split(
        source.parts,
        source.labels,
        val_fraction=config.val_fraction,
        test_fraction=config.test_fraction,
        seed=config.split_seed,
    )
    mean, std = _mean_std(store, parts.train, MEASURED if small else FEW_MEASURED)
    train, val, test = (_image_set(source, store, indices) for indices in (parts.train, parts.val, parts.test))
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
        items=_items(content, parts),
        small=small,
        split=parts,
        source=config.data,
        scales=source.scales,
        notes=notes,
    )


def _scale(
    source: Source,
    content: Content,
    config: DataConfig,
    folder: Path,
    facts: ClassifyFacts | None,
    listener: Listener,
) -> tuple[Note, ...]:
    """Sets the source's scales: those of the run, or by the training images. Returns what is to know of them."""
    if facts and facts.scales is None:  # of an older version
        return ()
    deep = find_deep(source, content, folder, workers=config.workers, listener=listener)
    source.scales = scales = decide(deep) if facts is None or facts.scales is None else facts.scales
    notes = (*found_notes(deep, scales), *rare_notes(deep, scales), *clipped_notes(deep, scales))
    for told in notes:
        listener(told)
    return notes


def _small(content: Content) -> tuple[bool, int]:
    """Whether no image is large, as its header says, and the median of their longer sides, pixels."""
    sides = content.sides[content.sides > 0]
    return (int(sides.max()) <= SMALL_SIDE, int(np.median(sides))) if len(sides) else (True, 1)


def _items(content: Content, parts: Split) -> dict[str, Item]:
    """With the part that all images of an item are in; "" where they are in several."""
    of_image = np.full(len(content.items), "", "U5")
    for part in ("train", "val", "test"):
        of_image[getattr(parts, part)] = part
    found: dict[str, str] = {}
    for item, part in zip(content.items, of_image.tolist(), strict=True):
        found[item] = part if found.get(item, part) == part else ""
    return {name: Item(digest, found.get(name, "")) for name, digest in content.digests.items()}


def _image_set(source: Source, store: CachedPixels | StreamedPixels, indices: NDArray[np.int64]) -> ImageSet:
    return ImageSet(store, indices, source.labels[indices], [source.names[index] for index in indices])


def _store(
    source: Source,
    content: Content,
    config: DataConfig,
    folder: Path,
    resolution: int,
    *,
    small: bool,
    listener: Listener,
) -> CachedPixels | StreamedPixels:
    """Where the pixels come from; what they are is the same."""
    scales = [repr(source.scales)] if source.scales and (content.kinds != "").any() else []
    order = [DECODE_VERSION, source.channels, *scales, *(content.digests[item] for item in content.items)]
    key, workers = hashlib.sha256(repr(order).encode()).hexdigest()[:24], config.workers
    if config.cache == "always" and not small:
        images = kept(source, folder / f"{key}.pixels", workers=workers, listener=listener)
        return StreamedPixels(images, resolution, workers=workers)
    fits = len(source.names) * resolution**2 * source.channels <= LARGEST_CACHE
    if config.cache == "always" or (config.cache == "auto" and small and fits):
        return cached(source, folder / f"{key}-{resolution}.npy", resolution, workers=workers, listener=listener)
    verify(source, folder / f"{key}.verified", workers=workers, listener=listener)
    return StreamedPixels(source, resolution, workers=workers)


def _mean_std(
    store: CachedPixels | StreamedPixels, indices: NDArray[np.int64], most: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per channel, of pixels scaled to 0..1, from training images evenly spaced; sums are exact integers."""
    count = min(len(indices), most)
    chosen = indices[np.linspace(0, len(indices) - 1, count).astype(int)]
    total, squares, pixels = np.zeros(1, np.int64), np.zeros(1, np.int64), 0
    for start in range(0, count, 256):
        rows = store.take(chosen[start : start + 256])
        values = rows.reshape(-1, rows.shape[-1])
        total = total + values.sum(0, dtype=np.int64)
        squares = squares + np.square(values, dtype=np.int64).sum(0)
        pixels += len(values)
    mean = total / pixels
    std = np.sqrt(np.maximum(squares / pixels - mean**2, 1.0))  # at least one grey level: no division by zero
    return tuple((mean / 255).tolist()), tuple((std / 255).tolist())

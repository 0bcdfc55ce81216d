"""Labelled images from elsewhere, seen as a trained network sees its own: its classes, channels and resolution."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from lissom.config import cache_folder
from lissom.data.files import Pixels
from lissom.data.pixels import StreamedPixels, read_pixels
from lissom.data.scales import Scales
from lissom.errors import DataError
from lissom.events import Listener, silent
from lissom.tasks.classify.data.class_folders import class_numbers
from lissom.tasks.classify.data.depth import clipped_notes, find_deep, found_notes
from lissom.tasks.classify.data.images import ImageSet
from lissom.tasks.classify.data.sources import Source, open_source
from lissom.tasks.classify.data.told import tell
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.training.opened import Opened


class OtherImages(NamedTuple):
    """Data that a run was not made with; all of it is there to test."""

    test: ImageSet


class Fitted:
    """The images of a source as a network wants them. fit: one image, uint8 H W C, to R R C; it pickles."""

    def __init__(self, source: Source, channels: int, fit: Callable[[Pixels], Pixels]) -> None:
        source.channels = self.channels = channels
        self.scales = source.scales
        self.name, self.names = source.name, source.names
        self._source, self._fit = source, fit

    def read(self, index: int) -> Pixels:
        """R R C. Raises: Unreadable."""
        image = read_pixels(self._source, index)
        if image.shape[2] != self.channels:  # of a source that is arrays
            grey = self.channels == 1
            image = np.asarray(Image.fromarray(image.squeeze(2) if not grey else image).convert("L" if grey else "RGB"))
        return self._fit(image.reshape(*image.shape[:2], self.channels))


def foreign(opened: Opened, paths: Mapping[str, str], listener: Listener) -> OtherImages:
    """All images of other data, as a run, a file, or a network by its name with weights sees them.

    Raises: DataError for data that cannot be read, or a class that the network does not have.
    """
    if opened.name:
        return OtherImages(_as_published(opened, paths["data"], listener))
    facts, run = opened.facts, opened.run
    images = open_for_run(
        paths["data"],
        facts=facts,
        cache_dir=cache_folder(run.config.data.cache_dir if run else None),
        workers=run.config.data.workers if run else 2,
        listener=listener,
    )
    return OtherImages(images)


def _as_published(opened: Opened, spec: str, listener: Listener) -> ImageSet:
    from lissom.tasks.classify.published import published_view

    view = published_view(opened.name, opened.options.weights, opened.options.options)
    for note in view.notes:
        listener(note)
    source = open_source(spec, cache_dir=cache_folder(None))
    tell(source, listener)
    numbers = class_numbers(source.class_names, view.class_names, data=spec)
    return _all(source, StreamedPixels(Fitted(source, view.channels, view.fit), view.resolution), numbers)


def open_for_run(
    spec: str,
    *,
    facts: ClassifyFacts,
    cache_dir: Path,
    workers: int = 2,
    listener: Listener = silent,
) -> ImageSet:
    """All images of a source, labelled by the classes of `facts` and scaled as they say; `listener` is told what was
    found.

    Raises: DataError for data that cannot be read, or a class that is not among those.
    """
    source = open_source(spec, cache_dir=cache_dir)
    tell(source, listener)
    known = {unicodedata.normalize("NFC", name): index for index, name in enumerate(facts.class_names)}
    for name in source.class_names:
        if name not in known:
            raise DataError("class-not-in-run", data=spec, got=name, known=", ".join(facts.class_names))
    source.channels = facts.in_channels
    if facts.scales is not None:
        _scale(source, facts.scales, cache_dir, workers, listener)
    store = StreamedPixels(source, facts.resolution, workers=workers)
    return _all(source, store, [known[name] for name in source.class_names])


def _scale(source: Source, scales: Scales, cache_dir: Path, workers: int, listener: Listener) -> None:
    source.scales = scales
    content = source.content(cache_dir, listener, workers=workers)
    deep = find_deep(source, content, cache_dir / "images", workers=workers, listener=listener)
    for told in (*found_notes(deep, scales), *clipped_notes(deep, scales)):
        listener(told)


def _all(source: Source, store: StreamedPixels, numbers: Sequence[int]) -> ImageSet:
    """All images of the source. numbers: for each of its classes, that of the network's class."""
    return ImageSet(store, np.arange(len(source.names)), np.array(numbers)[source.labels], source.names)

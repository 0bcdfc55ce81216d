"""Labelled images from elsewhere, seen as a trained network sees its own: its classes, channels and resolution."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lissom.config import cache_folder
from lissom.data.pixels import StreamedPixels
from lissom.errors import DataError
from lissom.events import Listener
from lissom.tasks.classify.data.images import ImageSet
from lissom.tasks.classify.data.sources import open_source
from lissom.training.opened import Opened


class OtherImages(NamedTuple):
    """Data that a run was not made with; all of it is there to test."""

    test: ImageSet


def foreign(opened: Opened, paths: Mapping[str, str], listener: Listener) -> OtherImages:
    """`open_foreign` for what was opened."""
    facts, run = opened.facts, opened.run
    images = open_foreign(
        paths["data"],
        class_names=facts.class_names,
        in_channels=facts.in_channels,
        resolution=facts.resolution,
        cache_dir=cache_folder(run.config.data.cache_dir if run else None),
    )
    return OtherImages(images)


def open_foreign(
    spec: str, *, class_names: Sequence[str], in_channels: int, resolution: int, cache_dir: Path
) -> ImageSet:
    """All images of a source, labelled with the places of `class_names`.

    Raises: DataError for data that cannot be read, or a class that is not among `class_names`.
    """
    source = open_source(spec, cache_dir=cache_dir)
    known = {name: place for place, name in enumerate(class_names)}
    for name in source.class_names:
        if name not in known:
            raise DataError("class-not-in-run", data=spec, got=name, known=", ".join(class_names))
    source.channels = in_channels
    places = np.arange(len(source.names))
    labels = np.array([known[name] for name in source.class_names])[source.labels[places]]
    return ImageSet(StreamedPixels(source, resolution), places, labels, [source.names[place] for place in places])

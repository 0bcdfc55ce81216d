"""Other pictures with boxes, seen as a trained detector sees its own: by its classes."""

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lissom.config import cache_folder
from lissom.errors import DataError
from lissom.events import Listener
from lissom.tasks.detect.data.opening import read_all
from lissom.tasks.detect.data.pictures import Pictures
from lissom.tasks.detect.data.told import Told
from lissom.tasks.detect.prepare import place_of
from lissom.training.opened import Opened


class OtherPictures(NamedTuple):
    """Data that a run was not made with; all of it is there to test."""

    test: Pictures


def foreign(opened: Opened, paths: Mapping[str, str], listener: Listener) -> OtherPictures:
    """All pictures of other data with the classes of the run.

    Raises: DataError for data that cannot be read, or boxes of a class that the network does not have.
    """
    facts, run, spec = opened.facts, opened.run, paths["data"]
    cache = cache_folder(run.config.data.cache_dir if run else None)
    told = Told()
    found = read_all(place_of(spec, cache), cache_dir=cache, told=told, listener=listener)
    for said in (*told.notes, *told.warnings):
        listener(said)
    known = {unicodedata.normalize("NFC", name): number for number, name in enumerate(facts.class_names)}
    names = [unicodedata.normalize("NFC", name) for name in found.raw.class_names]
    for number in np.unique(found.pictures.classes).tolist():
        if names[number] not in known:
            raise DataError("class-not-in-run", data=spec, got=names[number], known=", ".join(facts.class_names))
    numbers = np.array([known.get(name, 0) for name in names] or [0], np.int64)
    return OtherPictures(replace(found.pictures, classes=numbers[found.pictures.classes]))

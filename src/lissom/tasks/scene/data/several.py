"""Scenes of one sensor that train together: each on its own, their bands and classes those of the first."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.events import Note, note
from lissom.tasks.scene.data.classes import shared_classes
from lissom.tasks.scene.data.matching import match_bands, partners
from lissom.tasks.scene.data.scene import Mask, Scene, listed_bands


class Together(NamedTuple):
    """Scenes with the same classes, and where the bands of the first stand in each."""

    scenes: tuple[Scene, ...]
    bands: tuple[NDArray[np.intp], ...]
    missing: Mask
    """Bands of the first that some other does not have, or holds no value in."""
    notes: tuple[Note, ...]
    """How bands and classes were matched, where that is not plain."""


def together(scenes: Sequence[Scene]) -> Together:
    """Raises: DataError for scenes without a band in common, without wavelengths for other numbers of bands, and for
    maps that disagree on a class."""
    first, *others = scenes
    missing, bands, by_order = np.zeros(first.bands, bool), [np.arange(first.bands)], False
    for scene in others:
        index, absent = _bands(first, scene)
        missing |= absent
        bands.append(index)
        by_order |= first.wavelengths_nm is None or scene.wavelengths_nm is None
    known, notes = shared_classes(scenes)
    told = [note("scene_several.by-order", bands=first.bands)] if by_order else []
    if missing.any():
        left = listed_bands(np.flatnonzero(missing))
        told.append(note("scene_several.common", common=int((~missing).sum()), all=first.bands, bands=left))
    return Together(known, tuple(bands), missing, (*told, *notes))


def _bands(first: Scene, scene: Scene) -> tuple[NDArray[np.intp], Mask]:
    """Where the first's bands stand in a scene, and which of them it does not have."""
    if first.wavelengths_nm is None or scene.wavelengths_nm is None:
        if scene.bands != first.bands:
            raise DataError("scene-several-bands", path=scene.source, got=scene.bands, expected=first.bands,
                            first=first.source)  # fmt: skip
        index = np.arange(first.bands)
        return index, np.zeros(first.bands, bool) if scene.empty is None else scene.empty
    index, missing = partners(scene, first.wavelengths_nm)
    if missing.all():  # says which are wanted and which are there
        match_bands(scene, bands=first.bands, wavelengths_nm=first.wavelengths_nm, used=~np.zeros_like(missing))
    return index, missing


def bad_bands(scenes: Sequence[Scene], bands: Sequence[NDArray[np.intp]]) -> Mask | None:
    """Bands of the first that the file of any scene calls bad; None: no file does."""
    masks = [~s.good_bands[index] for s, index in zip(scenes, bands, strict=True) if s.good_bands is not None]
    return np.logical_or.reduce(masks) if masks else None

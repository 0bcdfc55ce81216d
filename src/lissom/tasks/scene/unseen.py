"""A scene that nothing was learned from, as a run sees its own: bands and classes matched, spectra reduced."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.events import Note, note
from lissom.tasks.scene.data.batches import Reduced
from lissom.tasks.scene.data.classes import Legend, legend_of, listed, match_classes, unknown_note, with_legend
from lissom.tasks.scene.data.distance import scaled_as_trained, unlike
from lissom.tasks.scene.data.matching import match_bands
from lissom.tasks.scene.data.preprocess import Fitted
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.data.splits import Split
from lissom.tasks.scene.ready import Part


class Unseen(NamedTuple):
    scene: Scene
    """With the classes that were learned; what was not is unlabelled."""
    reduced: Reduced
    by: str
    """What classes were matched by: "names" or "ids"."""
    notes: tuple[Note, ...]
    """What became of its scale, classes that were not learned, spectra unlike those that were."""


def unseen(
    found: Scene,
    fitted: Fitted,
    legend: Legend,
    *,
    bands: int,
    wavelengths_nm: NDArray[np.float64] | None,
    scaled: bool,
) -> Unseen:
    """A labelled scene behind what was `fitted` on `bands` bands; scaled: whether values of the training had a scale.

    Raises: DataError for one of another sensor.
    """
    used = np.asarray(fitted.matrix.any(1))
    index = match_bands(found, bands=bands, wavelengths_nm=wavelengths_nm, used=used)
    classes = match_classes(found, legend)
    found, told = scaled_as_trained(found, fitted, index, trained=scaled)
    notes = (*told, *unknown_note(found, classes), *unlike(found, fitted, index))
    return Unseen(with_legend(found, legend, classes.ids), reduce(fitted, found, index), classes.by, notes)


def never_trained(
    name: str, scene: Scene, fitted: Fitted, first: Scene, *, scaled: bool
) -> tuple[Part, tuple[Note, ...]]:
    """A scene that only tests, and what to say of it. Raises: DataError where no class of the first scene is in it."""
    legend, nm = legend_of(first), first.wavelengths_nm
    found = unseen(scene, fitted, legend, bands=first.bands, wavelengths_nm=nm, scaled=scaled)
    test = found.scene.labels >= 0
    if not test.any():
        raise DataError("scene-foreign-no-class", path=scene.source, got=listed(scene.class_names), run=first.source,
                        expected=listed(first.class_names))  # fmt: skip
    told = note("scene_several.test", pixels=int(test.sum()), by=note(f"scene_foreign.by-{found.by}"))
    none = np.zeros_like(test)
    part = Part(name=name, scene=found.scene, split=Split(none, none, test, told), reduced=found.reduced, test=True)
    return part, (told, *found.notes)


def reduce(fitted: Fitted, scene: Scene, bands: NDArray[np.intp] | None = None) -> Reduced:
    """The scene's components, the channels first: `components H W`; of another scene, `bands` are those to take."""
    stored = fitted.of_stored(scene.scale, np.s_[:] if bands is None else bands)
    values = stored.apply(scene.cube, scene.valid, bands)
    return Reduced(torch.from_numpy(values).permute(2, 0, 1).contiguous())

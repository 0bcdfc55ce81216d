"""How far the spectra of a cube lie from those that a run was fitted on."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.events import Note, note
from lissom.tasks.scene.data.preprocess import Fitted
from lissom.tasks.scene.data.scene import Scene

SAMPLED = 20_000  # pixels, on a grid
FAR = 1.0  # as far as means 2.8 stds apart, or stds of which one is 15 times the other


def unlike(scene: Scene, fitted: Fitted, bands: NDArray[np.intp]) -> tuple[Note, ...]:
    """Says when the values lie farther than `FAR` from those of the training; nothing for a run without a reference."""
    found = _compared(scene, fitted, bands)
    if found is None or found.distance <= FAR:
        return ()
    then, now = f"{found.then:.4g}", f"{found.now:.4g}"
    return (note("scene_files.unlike", distance=f"{found.distance:.2g}", far=f"{FAR:g}", then=then, now=now),)


def scaled_as_trained(
    scene: Scene, fitted: Fitted, bands: NDArray[np.intp], *, trained: bool
) -> tuple[Scene, tuple[Note, ...]]:
    """The scene with the scale that makes its values those of a training, and what is to be said of it.

    trained: the training's values had a scale. If not, they were what the file stored, of whatever unit: then a scale
    counts only where the stored values lie far from the training's and the scaled ones do not.
    """
    if scene.scale is None or trained:
        return scene, scene.scale.notes if scene.scale else ()
    stored = replace(scene, scale=None)
    before, after = (_compared(each, fitted, bands) for each in (stored, scene))
    if before and after and after.distance <= FAR < before.distance:
        return scene, scene.scale.notes
    return stored, (note("scene_files.scale-unused", said=scene.scale.said),)


class _Compared(NamedTuple):
    distance: float
    then: float
    now: float
    """Mean values of the training and of the scene."""


def _compared(scene: Scene, fitted: Fitted, bands: NDArray[np.intp]) -> _Compared | None:
    """The Bhattacharyya distance of the values from those of the training, mean over the bands that are used."""
    used = np.flatnonzero(fitted.matrix.any(1))
    if fitted.typical is None or not len(used):
        return None
    step = max(1, round((scene.height * scene.width / SAMPLED) ** 0.5))
    some = np.s_[::step, ::step]
    values = np.asarray(scene.cube[some][scene.valid[some]][:, bands[used]], np.float64)
    if not len(values):
        return None
    if scene.scale:
        values = scene.scale.of(values, bands[used])
    (mean, std), here, wide = fitted.typical[:, used], values.mean(0), values.std(0)
    least = 1e-6 * np.abs(mean).max() + np.finfo(float).tiny  # a constant band
    std, wide = np.maximum(std, least), np.maximum(wide, least)
    total = std**2 + wide**2
    distance = float(((mean - here) ** 2 / total / 4 + np.log(total / (2 * std * wide)) / 2).mean())
    return _Compared(distance, float(mean.mean()), float(here.mean()))

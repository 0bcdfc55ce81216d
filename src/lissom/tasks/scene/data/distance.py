"""How far the spectra of a cube lie from those that a run was fitted on."""

import numpy as np
from numpy.typing import NDArray

from lissom.events import Note, note
from lissom.tasks.scene.data.preprocess import Fitted
from lissom.tasks.scene.data.scene import Scene

SAMPLED = 20_000  # pixels, on a grid
FAR = 1.0  # as far as means 2.8 stds apart, or stds of which one is 15 times the other


def unlike(scene: Scene, fitted: Fitted, bands: NDArray[np.intp]) -> tuple[Note, ...]:
    """Says when the Bhattacharyya distance of the values from those of the training, mean over the bands that are used,
    is beyond `FAR`; nothing for a run that kept no reference."""
    used = np.flatnonzero(fitted.matrix.any(1))
    if fitted.typical is None or not len(used):
        return ()
    step = max(1, round((scene.height * scene.width / SAMPLED) ** 0.5))
    some = np.s_[::step, ::step]
    values = np.asarray(scene.cube[some][scene.valid[some]][:, bands[used]], np.float64)
    if not len(values):
        return ()
    (mean, std), here, wide = fitted.typical[:, used], values.mean(0), values.std(0)
    least = 1e-6 * np.abs(mean).max() + np.finfo(float).tiny  # a constant band
    std, wide = np.maximum(std, least), np.maximum(wide, least)
    total = std**2 + wide**2
    distance = float(((mean - here) ** 2 / total / 4 + np.log(total / (2 * std * wide)) / 2).mean())
    if distance <= FAR:
        return ()
    then, now = f"{mean.mean():.4g}", f"{here.mean():.4g}"
    return (note("scene_files.unlike", distance=f"{distance:.2g}", far=f"{FAR:g}", then=then, now=now),)

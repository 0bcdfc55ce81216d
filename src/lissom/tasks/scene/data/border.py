"""A border without data that no header declares: pixels whose bands all have one value, the same in all of them."""

import numpy as np

from lissom.events import Note, note
from lissom.tasks.scene.data.scene import Scene, row_strips

LEAST_BANDS, LEAST_PIXELS, LEAST_SHARE = 3, 4, 0.001  # a measured spectrum of many bands is not of one value


def border(scene: Scene) -> tuple[Note, ...]:
    """Says the value, the pixels and how many of them are labelled, where a border looks undeclared."""
    if scene.bands < LEAST_BANDS:
        return ()
    used = slice(None) if scene.empty is None else ~scene.empty
    counts: dict[float, int] = {}
    labelled: dict[float, int] = {}
    for rows in row_strips(scene.cube):
        strip = scene.cube[rows][..., used]
        one = (strip == strip[..., :1]).all(2) & scene.valid[rows]
        values, labels = strip[..., 0][one], scene.labels[rows][one]
        for value in np.unique(values):
            there = values == value
            counts[float(value)] = counts.get(float(value), 0) + int(there.sum())
            labelled[float(value)] = labelled.get(float(value), 0) + int((labels[there] >= 0).sum())
    if not counts:
        return ()
    value = max(counts, key=lambda each: counts[each])
    if counts[value] < max(LEAST_PIXELS, LEAST_SHARE * scene.valid.size):
        return ()
    return (note("scene_files.border", value=f"{value:g}", pixels=counts[value], labelled=labelled[value]),)

"""Whether a map lies on its cube: equal extents, and, as far as content can tell, the same way up."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.tasks.scene.data.scene import Scene

BANDS = 6  # that are looked at, spread over the spectrum
SAMPLED = 250_000  # pixels, on a grid
CLEARLY = 0.1  # of the variance explained: a turned map must explain that much more to be worth a warning

TURNS: dict[str, Callable[[NDArray], NDArray]] = {
    "flipped-up-down": np.flipud,
    "flipped-left-right": np.fliplr,
    "turned-180": lambda ids: np.rot90(ids, 2),
    "transposed": np.transpose,
    "turned-90": np.rot90,
    "turned-270": lambda ids: np.rot90(ids, 3),
}


def check_extents(cube_shape: tuple[int, ...], map_shape: tuple[int, ...], *, cube: str, ground_truth: str) -> None:
    """Raises: DataError where the map is not H W of the cube, with what the sizes suggest as the reason."""
    if cube_shape[:2] == map_shape:
        return
    kind = "scene-size"
    if cube_shape[:2] == map_shape[::-1]:
        kind = "scene-size-transposed"
    elif cube_shape[1:] == map_shape:
        kind = "scene-bands-first"
    sizes = {"got": " x ".join(map(str, map_shape)), "expected": " x ".join(map(str, cube_shape[:2]))}
    raise DataError(kind, path=ground_truth, cube=cube, **sizes)


def better_turn(scene: Scene) -> tuple[str, float, float] | None:
    """A turn of the map that fits the cube clearly better, with the shares of variance explained before and after.

    The share is that of the bands' variance, over labelled pixels, that lies between classes (eta squared).
    """
    if scene.ground_truth is None:
        return None
    bands = np.unique(np.linspace(0, scene.bands - 1, BANDS).astype(int))
    step = max(1, round((scene.height * scene.width / SAMPLED) ** 0.5))
    some = np.s_[::step, ::step]
    values, valid, labels = np.asarray(scene.cube[some][..., bands], np.float64), scene.valid[some], scene.labels
    now = explained(values, labels[some], valid)
    turned = {name: turn(labels) for name, turn in TURNS.items()}
    found = {name: explained(values, ids[some], valid) for name, ids in turned.items() if ids.shape == labels.shape}
    best = max(found, key=lambda name: found[name])
    return (best, now, found[best]) if found[best] > now + CLEARLY else None


def explained(values: NDArray[np.float64], labels: NDArray[np.int64], valid: NDArray[np.bool_]) -> float:
    """Share of the variance of values H W n that lies between the classes of labels H W, mean over n."""
    chosen = valid & (labels >= 0)
    x, y = values[chosen], labels[chosen]
    if not len(y):
        return 0.0
    counts = np.bincount(y)
    sums = np.stack([np.bincount(y, weights=column) for column in x.T], 1)
    seen = counts > 0
    means = sums[seen] / counts[seen, None]
    between = (counts[seen, None] * (means - x.mean(0)) ** 2).sum(0)
    total = ((x - x.mean(0)) ** 2).sum(0)
    return float((between[total > 0] / total[total > 0]).mean()) if (total > 0).any() else 0.0

"""The spatially disjoint split: training pixels come from few blocks, test pixels keep a guard band away from them.

Blocks are taken class by class, the rarest first, in a drawn order, and only where every class keeps test pixels.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lissom.tasks.scene.settings import SceneConfig, guard_of

Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]
KEPT = (0.5, 0.25, 0.1, 0.0)  # share of each class that must stay for the test, tried in turn


@dataclass
class Ground:
    """What has been given away so far; masks and labels are `H W`."""

    labels: Labels  # -1: none
    counts: NDArray[np.int64]  # pixels of each class
    missing: NDArray[np.int64]  # training pixels of each class that are still to be found
    half: int  # guard band, in pixels
    rng: np.random.Generator
    train: Mask = field(init=False)
    free: Mask = field(init=False)  # labelled and outside every guard band: these will test
    left: NDArray[np.int64] = field(init=False)  # of each class, kept up to date: a count of large maps takes long

    def __post_init__(self) -> None:
        self.train = np.zeros(self.labels.shape, bool)
        self.free = self.labels >= 0
        self.left = self.counts.copy()

    def around(self, area: tuple[slice, slice]) -> tuple[slice, slice]:
        """The area and the guard band around it."""
        rows, columns = (slice(max(side.start - self.half, 0), side.stop + self.half) for side in area)
        return rows, columns

    def loss(self, area: tuple[slice, slice]) -> NDArray[np.int64]:
        """Test pixels of each class [K] that an area takes away, at most."""
        near = self.around(area)
        return np.bincount(self.labels[near][self.free[near]], minlength=len(self.counts))

    def take(self, k: int, area: tuple[slice, slice], most: int) -> None:
        """Training pixels of class `k` from the area, drawn, no more than `most`; what is near them is not free."""
        rows, columns = area
        corner = np.array([rows.start, columns.start])
        inside = np.argwhere((self.labels[area] == k) & ~self.train[area]) + corner
        chosen = inside[self.rng.permutation(len(inside))[:most]]
        for row, column in chosen:
            area = _one((row, column))
            self.train[row, column] = True
            self.left -= self.loss(area)
            self.free[self.around(area)] = False
        self.missing[k] -= len(chosen)


def disjoint(labels: Labels, wanted: NDArray[np.int64], config: SceneConfig) -> tuple[Mask, Mask]:
    """(training, test) pixels: no test pixel lies within half a window of a training pixel.

    `wanted` [K] training pixels of each class are the aim; fewer come out where more would leave some class without
    test pixels. A class that lies within half a window, so that no two of its pixels are far enough apart, trains only.
    """
    counts = np.bincount(labels[labels >= 0])
    rng = np.random.default_rng([config.split_seed, 0xB10C])
    ground = Ground(labels, counts, wanted.copy(), guard_of(config), rng)
    side = config.block or max(8, guard_of(config))
    areas = _areas(labels.shape, side, rng)
    for k in np.argsort(counts, kind="stable"):
        if counts[k]:
            _train(ground, int(k), areas)
    return ground.train, ground.free


def _train(ground: Ground, k: int, areas: list[tuple[slice, slice]]) -> None:
    """Blocks with class `k`, one after the other, as long as they are affordable; else its far end; else all of it."""
    for kept in KEPT:
        for area in areas:
            if ground.missing[k] <= 0:
                return
            if (ground.labels[area] == k).any() and _affordable(ground, area, kept):
                _take_all(ground, area)
    if not (ground.train & (ground.labels == k)).any():
        _take_end(ground, k)


def _affordable(ground: Ground, area: tuple[slice, slice], kept: float) -> bool:
    """Whether each class that the guard band touches keeps the share `kept` of its pixels for the test, 1 at least."""
    loss = ground.loss(area)
    touched = loss > 0
    return bool((ground.left - loss >= np.maximum(kept * ground.counts, 1))[touched].all())


def _take_all(ground: Ground, area: tuple[slice, slice]) -> None:
    """Of every class in the block what that class still misses."""
    for k in np.unique(ground.labels[area]):
        if k >= 0 and ground.missing[k] > 0:
            ground.take(int(k), area, int(ground.missing[k]))


def _take_end(ground: Ground, k: int) -> None:
    """The pixels of a small class at one end of its longer side, so many that the other end is far enough away.

    Where even one pixel leaves it nothing to test, the class trains with all that it should, and is not measured.
    """
    coords = np.argwhere(ground.labels == k)
    extent = np.ptp(coords, axis=0)
    along = coords[:, int(extent.argmax())]
    ends = (coords[np.argsort(along, kind="stable")], coords[np.argsort(-along, kind="stable")])
    costs = [ground.loss(_one(end[0])) for end in ends]
    alone = [_keeps(ground, cost) for cost in costs]
    end = ends[alone.index(True)] if True in alone else ends[int(costs[0].sum() > costs[1].sum())]
    for row, column in end:
        if ground.missing[k] <= 0:
            return
        area = _one((row, column))
        taken = bool((ground.train & (ground.labels == k)).any())
        if taken and True in alone and not _keeps(ground, ground.loss(area)):
            return
        ground.take(k, area, 1)


def _keeps(ground: Ground, loss: NDArray[np.int64]) -> bool:
    return bool((ground.left - loss >= 1)[loss > 0].all())


def _one(pixel: NDArray[np.int64] | tuple[int, int]) -> tuple[slice, slice]:
    row, column = (int(side) for side in pixel)
    return slice(row, row + 1), slice(column, column + 1)


def _areas(shape: tuple[int, ...], side: int, rng: np.random.Generator) -> list[tuple[slice, slice]]:
    """All blocks, in a drawn order; the last row and column may be smaller."""
    height, width = shape
    areas = [
        (slice(top, min(top + side, height)), slice(left, min(left + side, width)))
        for top in range(0, height, side)
        for left in range(0, width, side)
    ]
    return [areas[index] for index in rng.permutation(len(areas))]

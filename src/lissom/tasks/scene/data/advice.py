"""What would help where a disjoint split leaves a class without validation or test pixels: a few settings, tried."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.events import Note, note
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.data.splits import Tally, split
from lissom.tasks.scene.settings import SceneConfig, guard_of

ENOUGH = 3  # pixels of a class that could be in all three parts
SEEDS = 3
WINDOWS = (15, 11, 9, 7, 5)


class Lack(NamedTuple):
    """Classes (from 0) without pixels of a part, though they have enough of them."""

    val: NDArray[np.intp]
    test: NDArray[np.intp]

    @property
    def none(self) -> bool:
        return not (len(self.val) or len(self.test))


def lacking(counted: Tally, *, val: bool, test: bool) -> Lack:
    """val, test: whether these parts are looked at."""
    enough = counted.labelled >= ENOUGH
    return Lack(np.flatnonzero(enough & (counted.val == 0) & val), np.flatnonzero(enough & (counted.test == 0) & test))


def advice(scenes: Sequence[Scene], config: SceneConfig, counted: Tally, *, val: bool, test: bool) -> tuple[Note, ...]:
    """What to say of a disjoint split of scenes that train together; nothing where every class has pixels of all parts.

    val, test: whether the split's validation and test pixels count. Costs a split for each setting that is tried.
    """
    val = val and config.val_fraction > 0
    found = lacking(counted, val=val, test=test)
    if config.split != "disjoint" or found.none:
        return ()
    names = scenes[0].class_names
    told = [note("scene_split.unchosen", names=", ".join(names[k] for k in found.val))] if len(found.val) else []
    tried = []
    for setting, value in settings_to_try(config):
        changed = replace(config, **{setting: value})
        splits = [split(scene.labels, scene.valid, changed, class_names=names).tally for scene in scenes]
        each, *others = [tally for tally in splits if tally]
        for tally in others:
            each = each + tally
        flag = f"--{setting.replace('_', '-')} {value:g}"
        if lacking(each, val=val, test=test).none:
            return (*told, note("scene_split.helps", setting=flag))
        tried.append(flag)
    return (*told, note("scene_split.helps-not", tried=", ".join(tried)))


def settings_to_try(config: SceneConfig) -> Iterator[tuple[str, float]]:
    """One after the other, the least change first: another draw, other blocks, another share, a smaller window.

    The guard band stays half a window wide: with less, test windows would hold training pixels.
    """
    yield from (("split_seed", config.split_seed + k) for k in range(1, SEEDS + 1))
    side = config.block or max(8, guard_of(config))
    yield from (("block", value) for value in (side // 2, 2 * side) if value >= 1)
    if config.train_per_class is None:
        shares = (round(config.train_fraction * k, 4) for k in (0.5, 2.0))
        yield from (("train_fraction", share) for share in shares if share <= 0.5)
    if config.guard is None:
        yield from (("window", value) for value in WINDOWS if value < (config.window or 1))

"""Pictures that are there twice, and boxes that are."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lissom.data.near import near
from lissom.tasks.detect.data.looking import Seen
from lissom.tasks.detect.data.opening import Opened
from lissom.tasks.detect.data.pictures import Pictures

SAME_BOX = 0.5  # pixels between edges of boxes that are one


def copies(opened: Opened, seen: Sequence[Seen]) -> dict[str, list[list[str]]]:
    """Groups of names with equal pixels, `within` one part and `between` parts, and pairs of nearly equal ones, `near`,
    of a part that measures and one that trains."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for index, look in enumerate(seen):
        if not look.reason:
            groups[look.pixels].append(index)
    found: dict[str, list[list[str]]] = {"within": [], "between": []}
    for group in groups.values():
        if len(group) > 1:
            kind = "between" if len({str(opened.parts[index]) for index in group}) > 1 else "within"
            found[kind].append([opened.pictures.names[index] for index in group])
    return {**found, "near": _near(opened, seen)}


def _near(opened: Opened, seen: Sequence[Seen]) -> list[list[str]]:
    names, pairs = opened.pictures.names, []
    readable = np.array([not look.reason for look in seen], bool)
    train = np.flatnonzero(readable & np.isin(opened.parts, ("train", "")))
    held = np.flatnonzero(readable & np.isin(opened.parts, ("val", "test")))
    small = np.stack([look.small for look in seen]) if readable.all() and len(seen) else _stacked(seen)
    for row, column in near(small[held], small[train]):
        if seen[held[row]].pixels != seen[train[column]].pixels:
            pairs.append([names[train[column]], names[held[row]]])
    return pairs


def _stacked(seen: Sequence[Seen]) -> NDArray[np.float32]:
    """N 768, zeros for what cannot be read."""
    width = max((len(look.small) for look in seen), default=0)
    return np.stack([look.small if len(look.small) else np.zeros(width, np.float32) for look in seen])


def doubled(pictures: Pictures) -> NDArray[np.int64]:
    """Boxes that lie on another one of their picture and class, up to half a pixel."""
    found = []
    for index in range(len(pictures)):
        boxes, classes, _ = pictures.labels(index)
        if len(boxes) < 2:
            continue
        near = (abs(boxes[:, None] - boxes[None]).max(2) <= SAME_BOX) & (classes[:, None] == classes[None])
        found += (np.flatnonzero(np.tril(near, -1).any(1)) + pictures.starts[index]).tolist()
    return np.array(found, np.int64)

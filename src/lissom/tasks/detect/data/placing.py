"""Boxes as they are written -> boxes in pixels of the pictures as they are seen, upright."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.data.digests import Look
from lissom.tasks.detect.data.raw import Raw, RawPicture
from lissom.tasks.detect.data.told import Told

Floats = NDArray[np.float64]


class Placed(NamedTuple):
    """All boxes of a data set, those of a picture behind those of the one before."""

    boxes: NDArray[np.float32]
    """M 4, within the pictures."""
    classes: NDArray[np.int64]
    crowd: NDArray[np.bool_]
    starts: NDArray[np.int64]
    """N + 1"""
    lines: NDArray[np.int64]
    """M: where each stands in its picture's file of labels."""


def place(raw: Raw, looks: Sequence[Look], told: Told) -> Placed:
    """Boxes in pixels, turned as their pictures are, cut at the border; one of no area is left out. All is counted.

    Raises: DataError where labels are for pictures of another size, unless `told` collects.
    """
    pictures = raw.pictures
    counts = np.array([len(picture.rows) for picture in pictures], np.int64)
    rows = [row for picture in pictures for row in picture.rows]
    owner = np.repeat(np.arange(len(pictures)), counts)
    boxes = np.array([row[:4] for row in rows], np.float64).reshape(-1, 4)
    sizes = np.array([look.size for look in looks], np.float64).reshape(-1, 2)
    lines = np.array([row.line for row in rows], np.int64)
    if raw.relative:
        boxes *= np.tile(sizes[owner], 2)
    else:
        _turn(pictures, looks, boxes, np.cumsum([0, *counts]).tolist(), told)
    limits = np.tile(sizes[owner], 2)
    cut = np.clip(boxes, 0, limits)
    whole = (cut[:, 2] > cut[:, 0]) & (cut[:, 3] > cut[:, 1])
    known = limits[:, 0] > 0  # of a picture that can be read
    _count(pictures, owner[known], lines[known], abs(cut - boxes).max(1, initial=0)[known], whole[known], told)
    kept = np.bincount(owner[whole], minlength=len(pictures))
    return Placed(
        boxes=cut[whole].astype(np.float32),
        classes=np.array([row.number for row in rows], np.int64)[whole],
        crowd=np.array([row.crowd for row in rows], np.bool_)[whole],
        starts=np.concatenate([[0], np.cumsum(kept)]).astype(np.int64),
        lines=lines[whole],
    )


def _count(
    pictures: Sequence[RawPicture],
    owner: NDArray[np.int64],
    lines: NDArray[np.int64],
    beyond: Floats,
    whole: NDArray[np.bool_],
    told: Told,
) -> None:
    """beyond: pixels by which a box leaves its picture."""
    kinds = {"rounded": whole & (beyond > 1e-9) & (beyond < 1), "outside": whole & (beyond >= 1), "degenerate": ~whole}
    for kind, these in kinds.items():
        for index in np.flatnonzero(these)[:1].tolist():
            example = f"{pictures[int(owner[index])].where}:{lines[index]}"
            told.count(kind, example, int(these.sum()))


def _turn(pictures: Sequence[RawPicture], looks: Sequence[Look], boxes: Floats, starts: list[int], told: Told) -> None:
    """Turns, in place, boxes that were drawn before their picture was turned as its EXIF says: the sizes tell."""
    for index, (picture, look) in enumerate(zip(pictures, looks, strict=True)):
        width, height = picture.declared
        if not width or (width, height) == tuple(look.size) or not look.side:
            continue
        own = slice(starts[index], starts[index + 1])
        if (height, width) == tuple(look.size) and look.orientation >= 5:
            boxes[own] = turned(boxes[own], (width, height), look.orientation)
            told.count("turned", str(picture.file))
        else:
            said, found = f"{width} x {height}", f"{look.size[0]} x {look.size[1]}"
            told.fault("boxes-size", path=picture.where, image=picture.file, said=said, found=found)


def turned(boxes: Floats, size: tuple[int, int], orientation: int) -> Floats:
    """Boxes n 4 of a stored picture of `size` (width, height) in the picture that EXIF's `orientation` makes of it."""
    width, height = size
    left, top, right, bottom = boxes.T
    across, down = (top, bottom), (left, right)
    if orientation in (6, 7):
        across = (height - bottom, height - top)
    if orientation in (7, 8):
        down = (width - right, width - left)
    return np.stack([across[0], down[0], across[1], down[1]], axis=1)

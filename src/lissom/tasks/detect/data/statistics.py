"""Counts and sizes of pictures and boxes, at the size at which a network sees them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.tasks.detect.data.opening import Opened
from lissom.tasks.detect.data.pictures import Pictures

Floats = NDArray[np.float64]
SMALL, LARGE = 32, 96  # sides of squares between which COCO calls an object medium
PARTS = ("", "train", "val", "test")


def scaled(pictures: Pictures, resolution: int) -> Floats:
    """Boxes M 4 in pixels of a square of that side, into which each picture just fits."""
    sides = pictures.sizes.max(1, initial=1).clip(1)
    return pictures.boxes.astype(np.float64) * np.repeat(resolution / sides, np.diff(pictures.starts))[:, None]


def owners(pictures: Pictures) -> NDArray[np.int64]:
    """M: the picture of each box."""
    return np.repeat(np.arange(len(pictures)), np.diff(pictures.starts))


def _there(opened: Opened) -> list[str]:
    return [part for part in PARTS if (opened.parts == part).any()]


def part_rows(opened: Opened) -> list[dict[str, Any]]:
    """Pictures, boxes and pictures without boxes of each part that there is."""
    counts = np.diff(opened.pictures.starts)
    return [
        {
            "part": part or "pictures",
            "pictures": int(own.sum()),
            "boxes": int(counts[own].sum()),
            "background": int((counts[own] == 0).sum()),
        }
        for part in _there(opened)
        if (own := opened.parts == part).any()
    ]


def class_rows(opened: Opened, boxes: Floats) -> list[dict[str, Any]]:
    """Of each class its boxes in each part, its pictures, and the middle of its boxes' longer sides, pixels."""
    pictures, names = opened.pictures, opened.raw.class_names
    owner, longer = owners(pictures), (boxes[:, 2:] - boxes[:, :2]).max(1, initial=0)
    parts = {part: _counts(pictures.classes[opened.parts[owner] == part], len(names)) for part in _there(opened)}
    rows = []
    for number, name in enumerate(names):
        own = pictures.classes == number
        rows.append(
            {
                "class": name,
                **{part or "boxes": int(counts[number]) for part, counts in parts.items()},
                "pictures": len(np.unique(owner[own])),
                "side": round(float(np.median(longer[own])), 1) if own.any() else None,
            }
        )
    return rows


def missing(opened: Opened) -> dict[str, list[str]]:
    """Classes without boxes in a part that has any."""
    pictures, names = opened.pictures, opened.raw.class_names
    part_of_box = opened.parts[owners(pictures)]
    found = {part: _counts(pictures.classes[part_of_box == part], len(names)) for part in _there(opened)}
    return {
        part or "pictures": [name for name, count in zip(names, counts, strict=True) if not count]
        for part, counts in found.items()
        if counts.any() and not counts.all()
    }


def picture_sizes(opened: Opened) -> dict[str, int]:
    """Smallest, middle and largest width and height of the pictures that can be read."""
    sizes = opened.pictures.sizes[opened.pictures.sizes[:, 0] > 0]
    found = {}
    for name, values in zip(("width", "height"), sizes.T, strict=True):
        if len(values):
            found |= {f"min_{name}": int(values.min()), f"median_{name}": int(np.median(values))}
            found |= {f"max_{name}": int(values.max())}
    return found


def statistics(opened: Opened, boxes: Floats) -> dict[str, float]:
    """Shares of small, medium and large boxes by COCO's sides at the training size; sides, shapes and crowding."""
    sides = boxes[:, 2:] - boxes[:, :2]
    if not len(sides):
        return {}
    area, shape = sides.prod(1), sides.max(1) / sides.min(1).clip(1e-6)
    counts = np.diff(opened.pictures.starts)
    low, median, high = np.percentile(np.sqrt(area), (10, 50, 90))
    return {
        "small": round(float((area < SMALL**2).mean()), 4),
        "medium": round(float(((area >= SMALL**2) & (area < LARGE**2)).mean()), 4),
        "large": round(float((area >= LARGE**2).mean()), 4),
        "side_10": round(float(low), 1),
        "side_50": round(float(median), 1),
        "side_90": round(float(high), 1),
        "longest_shape": round(float(shape.max()), 1),
        "most_in_a_picture": int(counts.max()),
        "mean_in_a_picture": round(float(counts.mean()), 2),
    }


def _counts(classes: NDArray[np.int64], num_classes: int) -> NDArray[np.int64]:
    return np.bincount(classes, minlength=num_classes)

"""Random changes of training images with their boxes: mosaic, mixup, affine and perspective, colours, mirroring.

As YOLOv5's public description has them: the canvas of a mosaic has twice the side, its centre lies in the middle half,
each image's longer side is that of the input, and a random affine map cuts the input out of it. No torch here.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lissom.data.files import Pixels
from lissom.tasks.detect.letterbox import GREY, fit_of, padded, to_input
from lissom.tasks.detect.settings import DetectAugmentConfig

LEAST_SIDE, LEAST_SHARE, MOST_ASPECT = 2.0, 0.1, 100.0
BLEND = 32.0  # Beta(32, 32): nearly half of each

Boxes = NDArray[np.float32]
Rng = np.random.Generator


class Sample(NamedTuple):
    """An image and what is seen on it."""

    pixels: Pixels
    """H W 3"""
    boxes: Boxes
    """n 4: corners in pixels."""
    classes: NDArray[np.int64]
    """n"""


Take = Callable[[int], Sample]
"""Number of an image -> it, with its longer side as long as the input's, and its boxes there."""


def augmented(index: int, count: int, take: Take, side: int, config: DetectAugmentConfig, rng: Rng) -> Sample:
    """Image number `index` of `count`, `side` pixels square; without mosaic where the settings say so."""
    if rng.random() < config.mosaic:
        sample = _mosaic(index, count, take, side, config, rng)
        if rng.random() < config.mixup:
            sample = _mixed(sample, _mosaic(int(rng.integers(count)), count, take, side, config, rng), rng)
    else:
        sample = _moved(_boxed(take(index), side), side, config, rng)
    return _mirrored(_coloured(sample, config, rng), config, rng)


def _boxed(sample: Sample, side: int) -> Sample:
    """In the middle of a square."""
    high, wide = sample.pixels.shape[:2]
    fit = fit_of((wide, high), (side, side), max(wide, high))
    return Sample(padded(sample.pixels, (side, side), fit), to_input(sample.boxes, fit), sample.classes)


def _mosaic(index: int, count: int, take: Take, side: int, config: DetectAugmentConfig, rng: Rng) -> Sample:
    """Four images around a point of a canvas of twice the side, of which a random map takes the middle."""
    x, y = (int(value) for value in rng.uniform(side / 2, 3 * side / 2, 2))
    canvas = np.full((2 * side, 2 * side, 3), GREY, np.uint8)
    boxes, classes = [], []
    for corner, number in enumerate([index, *rng.integers(count, size=3).tolist()]):
        pixels, own, kinds = take(number)
        high, wide = pixels.shape[:2]
        left, top = (x - wide if corner % 2 == 0 else x), (y - high if corner < 2 else y)
        low_x, low_y, end_x, end_y = max(left, 0), max(top, 0), min(left + wide, 2 * side), min(top + high, 2 * side)
        canvas[low_y:end_y, low_x:end_x] = pixels[low_y - top : end_y - top, low_x - left : end_x - left]
        boxes.append(own + np.array([left, top] * 2, np.float32))
        classes.append(kinds)
    joined = np.concatenate(boxes).clip(0, 2 * side)
    return _moved(Sample(canvas, joined, np.concatenate(classes)), side, config, rng)


def _mixed(first: Sample, second: Sample, rng: Rng) -> Sample:
    share = np.float32(rng.beta(BLEND, BLEND))
    pixels = first.pixels * share + second.pixels * (1 - share)
    boxes = np.concatenate([first.boxes, second.boxes])
    return Sample(pixels.astype(np.uint8), boxes, np.concatenate([first.classes, second.classes]))


def _moved(sample: Sample, side: int, config: DetectAugmentConfig, rng: Rng) -> Sample:
    """Through a random affine or perspective map, cut to the input; boxes of which too little is left are dropped."""
    matrix, scale = drawn_map(sample.pixels.shape[0], side, config, rng)
    pixels = sample.pixels
    if pixels.shape[0] != side or not np.array_equal(matrix, np.eye(3)):
        pixels = _warped(pixels, matrix, side)
    boxes = mapped(sample.boxes, matrix).clip(0, side).astype(np.float32)
    kept = is_kept(sample.boxes * np.float32(scale), boxes)
    return Sample(pixels, boxes[kept], sample.classes[kept])


def drawn_map(canvas: int, side: int, config: DetectAugmentConfig, rng: Rng) -> tuple[NDArray[np.float64], float]:
    """3 3 from pixels of the canvas to those of the input, and how much it enlarges."""
    turn = math.radians(rng.uniform(-config.degrees, config.degrees))
    scale = rng.uniform(1 - config.scale, 1 + config.scale)
    shear = np.tan(np.radians(rng.uniform(-config.shear, config.shear, 2)))
    tilt = rng.uniform(-config.perspective, config.perspective, 2)
    shift = rng.uniform(0.5 - config.translate, 0.5 + config.translate, 2) * side
    to_middle = np.array([[1, 0, -canvas / 2], [0, 1, -canvas / 2], [0, 0, 1]])
    tilted = np.array([[1, 0, 0], [0, 1, 0], [*tilt, 1]])
    cos, sin = scale * math.cos(turn), scale * math.sin(turn)
    turned = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    sheared = np.array([[1, shear[0], 0], [shear[1], 1, 0], [0, 0, 1]])
    shifted = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])
    return shifted @ sheared @ turned @ tilted @ to_middle, scale


def _warped(pixels: Pixels, matrix: NDArray[np.float64], side: int) -> Pixels:
    back = np.linalg.inv(matrix)
    back = (back / back[2, 2]).reshape(-1)
    flat = not (back[6] or back[7])
    kind = Image.Transform.AFFINE if flat else Image.Transform.PERSPECTIVE
    drawn = Image.fromarray(pixels).transform(
        (side, side), kind, back[: 6 if flat else 8].tolist(), Image.Resampling.BILINEAR, fillcolor=(GREY,) * 3
    )
    return np.asarray(drawn)


def mapped(boxes: Boxes, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The boxes around the four mapped corners, n 4."""
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2).astype(np.float64)  # n 4 2
    ends = np.concatenate([corners, np.ones((*corners.shape[:2], 1))], 2) @ matrix.T  # n 4 3
    ends = ends[..., :2] / ends[..., 2:]
    return np.concatenate([ends.min(1), ends.max(1)], 1)


def is_kept(before: Boxes, after: Boxes) -> NDArray[np.bool_]:
    """Whether more than 2 pixels of each side and a tenth of the area are left, and the sides differ by less than a
    factor of 100. before: at the new size, not cut."""
    old, new = (boxes[:, 2:] - boxes[:, :2] for boxes in (before, after))
    short, long = new.min(1, initial=np.inf), new.max(1, initial=0)
    share = new.prod(1) / np.maximum(old.prod(1), 1e-9)
    return (short > LEAST_SIDE) & (share > LEAST_SHARE) & (long / np.maximum(short, 1e-9) < MOST_ASPECT)


def _coloured(sample: Sample, config: DetectAugmentConfig, rng: Rng) -> Sample:
    """Hue, saturation and brightness times 1 + U(-1, 1) x their settings."""
    gains = 1 + rng.uniform(-1, 1, 3) * [config.hsv_h, config.hsv_s, config.hsv_v]
    if (gains == 1).all():
        return sample
    levels = np.arange(256)
    tables = [(levels * gains[0]) % 256, *((levels * gain).clip(0, 255) for gain in gains[1:])]
    changed = Image.fromarray(sample.pixels).convert("HSV").point(np.concatenate(tables).astype(np.uint8).tolist())
    return sample._replace(pixels=np.asarray(changed.convert("RGB")))


def _mirrored(sample: Sample, config: DetectAugmentConfig, rng: Rng) -> Sample:
    pixels, boxes = sample.pixels, sample.boxes
    high, wide = pixels.shape[:2]
    across, upside = rng.random(2) < [config.fliplr, config.flipud]
    if across:
        pixels, boxes = (
            pixels[:, ::-1],
            np.column_stack([wide - boxes[:, 2], boxes[:, 1], wide - boxes[:, 0], boxes[:, 3]]),
        )
    if upside:
        pixels, boxes = (
            pixels[::-1],
            np.column_stack([boxes[:, 0], high - boxes[:, 3], boxes[:, 2], high - boxes[:, 1]]),
        )
    return Sample(np.ascontiguousarray(pixels), boxes.astype(np.float32), sample.classes)

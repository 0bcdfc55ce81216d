"""Images fitted into the network's input with their shape kept, and boxes carried there and back. No torch here.

Images that are judged and images that are predicted lie there alike, so that a measurement is of what users get.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lissom.boxes.suppress import Detections
from lissom.data.files import Pixels

GREY = 114  # of what no image covers
THINNEST = 0.01  # pixels of the image: boxes with a shorter side lie outside of it, or would be printed without one


class Fit(NamedTuple):
    """How an image lies in its input: `input = image * ratio + (left, top)`."""

    ratio: float
    left: int
    top: int
    width: int
    """Of the image itself, pixels."""
    height: int


def resized(pixels: Pixels, side: int) -> Pixels:
    """H W 3 -> the same shape with the longer side `side`; none shorter than a pixel."""
    high, wide = pixels.shape[:2]
    ratio = side / max(high, wide)
    size = (max(round(wide * ratio), 1), max(round(high * ratio), 1))
    if size == (wide, high):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def fit_of(size: tuple[int, int], shape: tuple[int, int], side: int) -> Fit:
    """size: width and height of the image. shape: height and width of the input. side: its longer side there."""
    wide, high = size
    ratio = side / max(wide, high)
    inner = max(round(wide * ratio), 1), max(round(high * ratio), 1)
    return Fit(ratio, (shape[1] - inner[0]) // 2, (shape[0] - inner[1]) // 2, wide, high)


def padded(pixels: Pixels, shape: tuple[int, int], fit: Fit) -> Pixels:
    """An image that was resized, in the middle of an input of that height and width; grey around it."""
    canvas = np.full((*shape, 3), GREY, np.uint8)
    high, wide = pixels.shape[:2]
    canvas[fit.top : fit.top + high, fit.left : fit.left + wide] = pixels
    return canvas


def to_input(boxes: NDArray[np.float32], fit: Fit) -> NDArray[np.float32]:
    """Corners in pixels of the image -> in pixels of the input."""
    return boxes * np.float32(fit.ratio) + np.array([fit.left, fit.top] * 2, np.float32)


def to_image(boxes: NDArray[np.float32], fit: Fit) -> NDArray[np.float32]:
    """Corners in pixels of the input -> in pixels of the image, cut at its edges."""
    back = (boxes - np.array([fit.left, fit.top] * 2, np.float32)) / np.float32(fit.ratio)
    return back.clip(0, np.array([fit.width, fit.height] * 2, np.float32)).astype(np.float32)


def found_in(found: Detections, fit: Fit) -> Detections:
    """Boxes of an input in pixels of its image, cut at the edges; those of which nothing is left are left out."""
    boxes = to_image(found.boxes, fit)
    there = (boxes[:, 2:] - boxes[:, :2]).min(1, initial=np.inf) >= THINNEST
    return Detections(boxes[there], found.scores[there], found.classes[there])


def rectangle(sizes: NDArray[np.int32], side: int, stride: int) -> tuple[int, int]:
    """Height and width, multiples of `stride`, of the smallest input that takes images of these sizes, N 2 (width,
    height), whose longer sides are `side`."""
    shares = sizes / sizes.max(1, keepdims=True)  # N 2
    wide, high = (max(math.ceil(round(share * side) / stride), 1) * stride for share in shares.max(0).tolist())
    return high, wide

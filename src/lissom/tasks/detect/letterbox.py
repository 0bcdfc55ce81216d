"""Images fitted into the network's input with their shape kept, and boxes carried there and back. No torch here.

There are two ways, of YOLOv5 both: images that are judged, in training and in `evaluate`, are never enlarged and have
half a stride of grey or more around them; those that are predicted are enlarged too and have the least grey.
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


class Placing(NamedTuple):
    """How images are fitted into an input."""

    enlarge: bool
    """Whether a small image grows until its longer side is that of the input."""
    margin: float
    """Added to the sides of the smallest rectangle that takes them all, in strides, before these are rounded up."""


JUDGED, PREDICTED = Placing(enlarge=False, margin=0.5), Placing(enlarge=True, margin=0.0)


class Fit(NamedTuple):
    """How an image lies in its input: `input = image * ratio + (left, top)`."""

    ratio: float
    left: int
    top: int
    width: int
    """Of the image itself, pixels."""
    height: int


def ratio_of(size: tuple[int, int], side: int, *, enlarge: bool = True) -> float:
    """Of an image's sides to what they are where the longer one is at most `side`, or is `side`."""
    return side / max(size) if enlarge else min(side / max(size), 1.0)


def resized(pixels: Pixels, side: int, *, enlarge: bool = True) -> Pixels:
    """H W 3 -> the same shape with the longer side `side`; none shorter than a pixel."""
    high, wide = pixels.shape[:2]
    ratio = ratio_of((wide, high), side, enlarge=enlarge)
    size = (max(round(wide * ratio), 1), max(round(high * ratio), 1))
    if size == (wide, high):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def fit_of(size: tuple[int, int], shape: tuple[int, int], side: int, *, enlarge: bool = True) -> Fit:
    """size: width and height of the image. shape: height and width of the input. side: its longer side there."""
    wide, high = size
    ratio = ratio_of(size, side, enlarge=enlarge)
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


def rectangle(sizes: NDArray[np.int32], side: int, stride: int, margin: float = 0.0) -> tuple[int, int]:
    """Height and width, multiples of `stride`, of the smallest input that takes images of these sizes, N 2 (width,
    height), whose longer sides are `side`; see `Placing` for `margin`."""
    shares = sizes / sizes.max(1, keepdims=True)  # N 2
    ends = [round(share * side) / stride + margin for share in shares.max(0).tolist()]
    wide, high = (max(math.ceil(end), 1) * stride for end in ends)
    return high, wide

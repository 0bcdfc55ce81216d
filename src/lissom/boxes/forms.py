"""Boxes as corners, `x1 y1 x2 y2`, and as centres, `xc yc w h`, along the last dimension of a tensor or an array."""

from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Boxes = TypeVar("Boxes", Tensor, NDArray)


def to_corners(boxes: Boxes) -> Boxes:
    """`... 4` of centre and size to corners."""
    half = boxes[..., 2:] / 2
    return _joined(boxes[..., :2] - half, boxes[..., :2] + half)


def to_centres(boxes: Boxes) -> Boxes:
    """`... 4` of corners to centre and size."""
    return _joined((boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2])


def _joined(first: Any, second: Any) -> Any:
    if isinstance(first, Tensor):
        return torch.cat([first, second], -1)
    return np.concatenate([first, second], -1)

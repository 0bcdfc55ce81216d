"""What the anchor head learns: boxes by complete overlap, objectness by how good they are, classes one by one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from lissom.boxes.overlap import complete_iou
from lissom.tasks.detect.anchors.assign import Assigned, assign
from lissom.tasks.detect.anchors.head import BOX, Levels

BALANCE = {3: (4.0, 1.0, 0.4), 4: (4.0, 1.0, 0.25, 0.06), 5: (4.0, 1.0, 0.25, 0.06, 0.02)}
"""Weight of each level's objectness: large maps have many easy cells."""


FOCAL_ALPHA = 0.25  # weight of what is there, 1 - this of what is not (arXiv 1708.02002, section 5.1)


@dataclass(frozen=True, kw_only=True)
class Gains:
    """Weights of the three terms at 3 levels, 80 classes and 640 pixels, and of what they are made of."""

    box: float = 0.05
    objectness: float = 1.0
    classes: float = 0.5
    objectness_positive: float = 1.0
    class_positive: float = 1.0
    focal_gamma: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Scalars, each already weighed; and how many cells learned a box, by level."""

    box: Tensor
    objectness: Tensor
    classes: Tensor
    positives: tuple[int, ...]


def anchor_loss(
    raw: Sequence[Tensor],
    boxes: Tensor,
    classes: Tensor,
    images: Tensor,
    levels: Levels,
    *,
    gains: Gains,
    label_smoothing: float = 0.0,
) -> Terms:
    """YOLOv5's loss of one batch, summed over the levels, times the images of the batch.

    raw: of each level `B A ny nx 5 + K`. boxes: `T 4`, centre and sides in pixels of the input. classes, images: T.
    The gains follow levels, classes and size: 3 / L, K / 80, and (side / 640)² for objectness.
    """
    first = raw[0]
    count, side = len(raw), math.sqrt(first.shape[2] * first.shape[3]) * levels.strides[0]
    sums = [first.new_zeros(()) for _ in range(3)]
    positives = []
    for out, stride, anchors, balance in zip(raw, levels.strides, levels.anchors, _balance(count), strict=True):
        in_cells = out.new_tensor(anchors) / stride
        assigned = assign(boxes / stride, classes, images, in_cells, (out.shape[2], out.shape[3]))
        box, objectness, by_class = _level(out, assigned, in_cells, gains, label_smoothing)
        sums[0], sums[1], sums[2] = sums[0] + box, sums[1] + balance * objectness, sums[2] + by_class
        positives.append(len(assigned.target))
    share, number = 3 / count, first.shape[0]
    num_classes = first.shape[-1] - BOX
    return Terms(
        box=sums[0] * gains.box * share * number,
        objectness=sums[1] * gains.objectness * (side / 640) ** 2 * share * number,
        classes=sums[2] * gains.classes * num_classes / 80 * share * number,
        positives=tuple(positives),
    )


def _balance(levels: int) -> tuple[float, ...]:
    return BALANCE.get(levels, (1.0,) * levels)


def _level(
    out: Tensor, assigned: Assigned, anchors: Tensor, gains: Gains, smoothing: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Box, objectness and class loss of one level, not weighed."""
    wanted = out.new_zeros(out.shape[:-1])
    zero = out.sum() * 0  # with a gradient, where there is no positive
    box = by_class = zero
    if len(assigned.target):
        at = (assigned.image, assigned.anchor, assigned.row, assigned.column)
        chosen = out[at]  # P 5+K
        guess = torch.cat(
            [2 * chosen[:, :2].sigmoid() - 0.5, (2 * chosen[:, 2:4].sigmoid()) ** 2 * anchors[assigned.anchor]], 1
        )
        overlap = complete_iou(guess, assigned.boxes)
        box = (1 - overlap).mean()
        _put_best(wanted, at, overlap.detach().clamp(min=0).to(wanted.dtype))
        if out.shape[-1] - BOX > 1:
            by_class = _classes(chosen[:, BOX:], assigned.classes, gains, smoothing)
    return box, entropy(out[..., 4], wanted, gains.objectness_positive, gains.focal_gamma), by_class


def entropy(logits: Tensor, wanted: Tensor, positive: float = 1.0, gamma: float = 0.0) -> Tensor:
    """The mean binary cross-entropy; wanted: 0 to 1, of the logits' shape. positive: weight of what is wanted.

    With `gamma` the focal loss (arXiv 1708.02002, equation 5), each term times (1 - p_t) ** gamma and the weight
    alpha_t; both are mixed as much as `wanted` lies between 0 and 1.
    """
    weight = logits.new_tensor(positive) if positive != 1 else None
    if not gamma:
        return F.binary_cross_entropy_with_logits(logits, wanted, pos_weight=weight)
    each = F.binary_cross_entropy_with_logits(logits, wanted, pos_weight=weight, reduction="none")
    missed = wanted * (-logits).sigmoid() + (1 - wanted) * logits.sigmoid()
    missed = missed.clamp(min=1e-12)  # the root of 0 has no slope
    alpha = wanted * FOCAL_ALPHA + (1 - wanted) * (1 - FOCAL_ALPHA)
    return (each * alpha * missed**gamma).mean()


def _put_best(wanted: Tensor, at: tuple[Tensor, ...], value: Tensor) -> None:
    """Where two boxes share a cell, the better one counts, whatever the order and the machine."""
    image, anchor, row, column = at
    _, anchors, high, wide = wanted.shape
    flat = ((image * anchors + anchor) * high + row) * wide + column
    wanted.view(-1).scatter_reduce_(0, flat, value, "amax")


def _classes(logits: Tensor, classes: Tensor, gains: Gains, smoothing: float) -> Tensor:
    wanted = torch.full_like(logits, smoothing / 2)
    wanted[torch.arange(len(classes), device=classes.device), classes] = 1 - smoothing / 2
    return entropy(logits, wanted, gains.class_positive, gains.focal_gamma)

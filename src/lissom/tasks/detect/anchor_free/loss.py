"""What the head without anchors learns: scores as good as the boxes are, boxes, and how sure each side is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from lissom.boxes.overlap import generalised_iou
from lissom.tasks.detect.anchor_free.assign import Assigned, assign
from lissom.tasks.detect.anchor_free.head import BINS, corners, distances, joined, points

FOCUS = 2.0  # beta of the quality focal loss


@dataclass(frozen=True, kw_only=True)
class Gains:
    """Weights of the three terms: those of arXiv 2006.04388, section 4.1 of the authors' settings."""

    box: float = 2.0
    distribution: float = 0.25
    classes: float = 1.0


class Learned(NamedTuple):
    """Scalars, each already weighed, a mean over the qualities; and what was assigned."""

    box: Tensor
    distribution: Tensor
    classes: Tensor
    assigned: Assigned


def free_loss(
    raw: Sequence[Tensor], strides: Sequence[int], boxes: Tensor, classes: Tensor, images: Tensor, *, gains: Gains
) -> Learned:
    """raw: of each level `B 4 x 8 + K ny nx`. boxes: T 4 corners, pixels. classes, images: T.

    Classes: quality focal loss, `|q - p|² (cross entropy of p with q)`, over all cells (equation 5 of arXiv
    2006.04388). Boxes: 1 - GIoU (arXiv 1902.09630), and the distributions' cross entropies with the two distances
    around the true one (equation 6), both times the cell's quality, as in TOOD. All over the sum of qualities.
    """
    sides, logits = joined(raw)
    centres, sizes = points(raw, strides)
    scores, reach = logits.sigmoid(), distances(sides)
    found = assign(scores, corners(centres, sizes, reach), centres, boxes, classes, images, float(strides[0]))
    wanted = torch.zeros_like(logits)
    wanted[found.image, found.cell, classes[found.target]] = found.quality.to(wanted.dtype)
    total = found.quality.sum().clamp(min=1)
    focus = (wanted - scores).abs() ** FOCUS
    by_class = (focus * F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")).sum() / total
    box = sides_loss = logits.sum() * 0  # with a gradient, where there is no positive
    if len(found.cell):
        at, own = (found.image, found.cell), boxes[found.target]
        centre, size = centres[found.cell], sizes[found.cell]
        guess = corners(centre, size, reach[at])
        box = (found.quality * (1 - generalised_iou(guess, own))).sum() / total
        true = torch.cat([centre - own[:, :2], own[:, 2:] - centre], 1) / size[:, None]
        sides_loss = (found.quality * distribution_loss(sides[at], true)).sum() / total
    return Learned(box * gains.box, sides_loss * gains.distribution, by_class * gains.classes, found)


def distribution_loss(sides: Tensor, true: Tensor) -> Tensor:
    """sides: P 4 8, logits. true: P 4, distances in strides, held within 0 and 7. -> P, the sum over the four sides."""
    held = true.clamp(0, BINS - 1 - 0.01)
    low = held.floor().long()
    share = held - low
    logs = sides.log_softmax(-1)
    below, above = (logs.gather(2, each[..., None])[..., 0] for each in (low, low + 1))
    return -(below * (1 - share) + above * share).sum(1)

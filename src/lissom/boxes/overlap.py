"""How much two boxes are the same: intersection over union and its complete form."""

import math

import torch
from torch import Tensor

EPS = 1e-7


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Of corners `... 4`, pair by pair; 0 where both have no area."""
    inside = _inside(a, b)
    return inside / (area(a) + area(b) - inside + EPS)


def _inside(a: Tensor, b: Tensor) -> Tensor:
    """What both cover."""
    return (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)


def area(corners: Tensor) -> Tensor:
    return (corners[..., 2:] - corners[..., :2]).clamp(min=0).prod(-1)


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """GIoU (arXiv 1902.09630, algorithm 1) of corners `... 4`, pair by pair; from -1 to 1.

    Overlap, less the share of the box around both that neither covers.
    """
    inside = _inside(a, b)
    union = area(a) + area(b) - inside
    around = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    return inside / (union + EPS) - (around - union) / (around + EPS)


def complete_iou(a: Tensor, b: Tensor) -> Tensor:
    """CIoU (arXiv 1911.08287, equations 8 to 11) of boxes as centre and size, `... 4`, pair by pair; from -1.5 to 1.

    Overlap, less the distance of the centres over the diagonal of the box around both, less a term for unlike shapes,
    whose weight carries no gradient.
    """
    low_a, high_a, low_b, high_b = *_ends(a), *_ends(b)
    overlap = iou(torch.cat([low_a, high_a], -1), torch.cat([low_b, high_b], -1))
    around = torch.maximum(high_a, high_b) - torch.minimum(low_a, low_b)
    distance = ((a[..., :2] - b[..., :2]) ** 2).sum(-1) / ((around**2).sum(-1) + EPS)
    angle_a, angle_b = (torch.atan(box[..., 2] / (box[..., 3] + EPS)) for box in (a, b))
    shape = (4 / math.pi**2) * (angle_b - angle_a) ** 2
    with torch.no_grad():
        weight = shape / (1 - overlap + shape + EPS)
    return overlap - distance - weight * shape


def _ends(box: Tensor) -> tuple[Tensor, Tensor]:
    return box[..., :2] - box[..., 2:] / 2, box[..., :2] + box[..., 2:] / 2

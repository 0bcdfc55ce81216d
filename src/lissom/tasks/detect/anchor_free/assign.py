"""Which cells learn which box: those whose predictions already are best at both tasks (TOOD, arXiv 2108.07755)."""

from typing import NamedTuple

import torch
from torch import Tensor

from lissom.boxes.overlap import iou

MOST = 13  # cells of a box
SCORE_POWER, OVERLAP_POWER = 1.0, 6.0  # alpha and beta


class Assigned(NamedTuple):
    """P cells that learn, by image and cell."""

    image: Tensor  # P
    cell: Tensor  # P: of all levels' cells
    target: Tensor  # P: which of the boxes of the batch
    quality: Tensor  # P: the score that its class learns, 0 to 1


@torch.no_grad()
def assign(
    scores: Tensor, predicted: Tensor, points: Tensor, boxes: Tensor, classes: Tensor, images: Tensor, least: float
) -> Assigned:
    """scores: B N K, 0 to 1. predicted: B N 4 corners. points: N 2. boxes: T 4 corners. classes, images: T.

    Of the cells whose centres lie inside a box, the 13 with the highest score¹ x overlap⁶ learn it; one that several
    boxes want learns the one that it overlaps most. Their quality is that product, scaled so that the best cell of a
    box has the highest overlap that one of them reaches (equations 3 and 4). A side shorter than `least` pixels counts
    as that long, so that a box that lies between all centres is learned too.
    """
    found = []
    for image in range(len(scores)):
        own = (images == image).nonzero()[:, 0]
        if len(own):
            of_image = (scores[image], predicted[image], points, boxes[own], classes[own], least)
            cell, which, quality = _of_image(*of_image)
            found.append(Assigned(torch.full_like(cell, image), cell, own[which], quality))
    if not found:
        none = images.new_zeros(0)
        return Assigned(none, none, none, scores.new_zeros(0))
    return Assigned(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def _of_image(
    scores: Tensor, predicted: Tensor, points: Tensor, boxes: Tensor, classes: Tensor, least: float
) -> tuple[Tensor, Tensor, Tensor]:
    """scores N K, predicted N 4, boxes T 4, classes T -> cells P, which box P, quality P."""
    overlap = iou(boxes[:, None], predicted[None])  # T N
    aligned = scores[:, classes].T ** SCORE_POWER * overlap**OVERLAP_POWER
    inside = _inside(points, boxes, least)
    order = aligned.masked_fill(~inside, -1.0).topk(min(MOST, len(points)), 1).indices
    chosen = torch.zeros_like(inside).scatter_(1, order, True) & inside & (aligned > 0)
    rival = overlap.masked_fill(~chosen, -1.0).argmax(0)  # N: the box that a cell overlaps most of those that want it
    chosen &= rival[None] == torch.arange(len(boxes), device=boxes.device)[:, None]
    aligned, overlap = aligned * chosen, overlap * chosen
    scale = overlap.amax(1, keepdim=True) / aligned.amax(1, keepdim=True).clamp(min=torch.finfo(aligned.dtype).tiny)
    cell, which = chosen.T.nonzero(as_tuple=True)
    return cell, which, (aligned * scale).clamp(max=1)[which, cell]


def _inside(points: Tensor, boxes: Tensor, least: float) -> Tensor:
    """T N"""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).clamp(min=least) / 2
    return ((points[None] - centre[:, None]).abs() < half[:, None]).all(2)

"""Which cells learn which box, by which anchor: YOLOv5's rule, for a whole batch at once."""

from typing import NamedTuple

import torch
from torch import Tensor

LARGEST_RATIO = 4.0  # a box learns from anchors whose sides are within this factor of its own


class Assigned(NamedTuple):
    """The positives of one level, P of them, in an order that does not depend on the machine."""

    image: Tensor  # P
    anchor: Tensor  # P
    row: Tensor  # P
    column: Tensor  # P
    boxes: Tensor  # P 4: centre from the cell's corner, from -0.5 to 1.5, and sides, in cells
    classes: Tensor  # P
    target: Tensor  # P: which of the boxes of the batch


def assign(boxes: Tensor, classes: Tensor, images: Tensor, anchors: Tensor, size: tuple[int, int]) -> Assigned:
    """The positives of a level of `size` (rows, columns).

    boxes: T 4, centre and sides in cells of this level. classes, images: T. anchors: A 2, in cells.
    An anchor takes a box when no side of the two differs by a factor of 4 or more. Positive are the cell that holds the
    centre, the neighbour left or right to which the centre leans, and the one above or below, where they lie inside.
    """
    ratio = boxes[:, None, 2:] / anchors[None]  # T A 2
    fits = torch.maximum(ratio, 1 / ratio).amax(2) < LARGEST_RATIO
    target, anchor = fits.nonzero(as_tuple=True)  # box by box, anchor by anchor
    centre = boxes[target, :2]
    high, wide = size
    cell = centre.floor().long()
    leaning = _neighbours(centre, cell, wide, high)  # P 5 2, and which of them are there
    steps, there = leaning
    at, which = there.nonzero(as_tuple=True)
    cells = cell[at] + steps[which]
    cells[:, 0].clamp_(0, wide - 1)
    cells[:, 1].clamp_(0, high - 1)
    chosen = target[at]
    offset = centre[at] - cells
    return Assigned(
        image=images[chosen],
        anchor=anchor[at],
        row=cells[:, 1],
        column=cells[:, 0],
        boxes=torch.cat([offset, boxes[chosen, 2:]], 1),
        classes=classes[chosen],
        target=chosen,
    )


def _neighbours(centre: Tensor, cell: Tensor, wide: int, high: int) -> tuple[Tensor, Tensor]:
    """Steps `5 2` from a cell, to itself and left, up, right, down; and for each centre which of them it takes."""
    steps = torch.tensor([[0, 0], [-1, 0], [0, -1], [1, 0], [0, 1]], device=centre.device)
    low = (centre - cell < 0.5) & (centre > 1)
    other = centre.new_tensor([wide, high]) - centre
    high_side = (centre - cell > 0.5) & (other > 1)
    itself = torch.ones(len(centre), 1, dtype=torch.bool, device=centre.device)
    return steps, torch.cat([itself, low, high_side], 1)

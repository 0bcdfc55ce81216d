"""Rectangles of a scene that hold given pixels, apart where the pixels are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor


class Region(NamedTuple):
    """Rows from `top` to `bottom` and columns from `left` to `right`, the ends left out."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    def holds(self, coords: Tensor) -> Tensor:
        """Which of `N 2` (row, column) lie in it: `N` booleans."""
        rows, columns = coords.unbind(1)
        return (rows >= self.top) & (rows < self.bottom) & (columns >= self.left) & (columns < self.right)


def regions(coords: Tensor, near: int, height: int, width: int) -> list[Region]:
    """Rectangles that do not overlap and together hold all pixels `coords`, `N 2`, of a scene of that size.

    Pixels at most about `near` apart are held by one rectangle: their windows overlap, and one large image is cheaper
    than two with their halos. Where two rectangles would overlap, one around both takes their place.
    """
    cell = max(near, 1)
    grid = np.zeros((-(-height // cell), -(-width // cell)), bool)
    rows, columns = coords.cpu().numpy().T
    grid[rows // cell, columns // cell] = True
    groups: NDArray[np.int32] = np.empty(grid.shape, np.int32)
    ndimage.label(grid, structure=np.ones((3, 3)), output=groups)
    group_of = groups[rows // cell, columns // cell]
    boxes = []
    for group in np.unique(group_of):
        r, c = rows[group_of == group], columns[group_of == group]
        boxes.append(Region(int(r.min()), int(r.max()) + 1, int(c.min()), int(c.max()) + 1))
    return _apart(boxes)


def _apart(boxes: list[Region]) -> list[Region]:
    """The same with overlapping ones joined, until none overlap."""
    done: list[Region] = []
    while boxes:
        box = boxes.pop()
        hit = next((other for other in done if _overlap(box, other)), None)
        if hit is None:
            done.append(box)
            continue
        done.remove(hit)
        boxes.append(Region(*(f(a, b) for f, a, b in zip((min, max, min, max), box, hit, strict=True))))
    return done


def _overlap(a: Region, b: Region) -> bool:
    return a.top < b.bottom and b.top < a.bottom and a.left < b.right and b.left < a.right

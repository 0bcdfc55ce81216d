"""Non-maximum suppression: of boxes that overlap the one with the highest score is kept. In NumPy; torch where asked.

Both keep the same boxes: candidates are ordered by score, then by index, so that equal scores have one order too.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Detections(NamedTuple):
    """Boxes of one image, by falling score."""

    boxes: Floats
    """n 4: left, top, right, bottom, pixels."""
    scores: Floats
    """n: 0 to 1."""
    classes: NDArray[np.int64]
    """n"""

    @classmethod
    def none(cls) -> "Detections":
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


class Rule(NamedTuple):
    """Which boxes are kept."""

    confidence: float
    """Least score."""
    iou: float
    """Overlap above which the lower score goes."""
    most: int
    """Boxes of an image."""
    agnostic: bool = False
    """Boxes of other classes count as overlapping too."""
    several: bool = False
    """A box is a candidate for each class above the least score, not for its best alone."""
    candidates: int = 30_000
    """Boxes with the highest scores that are compared."""


def candidates(boxes: Floats, scores: Floats, rule: Rule) -> Detections:
    """boxes: N 4. scores: N K. -> those that are compared, by falling score, then by index."""
    if rule.several:
        index, classes = (scores > rule.confidence).nonzero()
    else:
        classes = scores.argmax(1) if scores.size else np.zeros(len(scores), np.int64)
        index = np.flatnonzero(scores[np.arange(len(scores)), classes] > rule.confidence)
        classes = classes[index]
    chosen = scores[index, classes]
    if len(chosen) > rule.candidates:  # sorting millions takes longer than all the rest
        least = np.partition(chosen, -rule.candidates)[-rule.candidates]
        above = chosen >= least
        index, classes, chosen = index[above], classes[above], chosen[above]
    order = np.argsort(-chosen, kind="stable")[: rule.candidates]
    return Detections(boxes[index[order]], chosen[order], classes[order].astype(np.int64))


def suppress(boxes: Floats, scores: Floats, rule: Rule, *, by_torch: bool = False) -> Detections:
    """The boxes of one image that are kept. boxes: N 4, corners. scores: N K, finite."""
    found = candidates(boxes, scores, rule)
    if not len(found.scores):
        return Detections.none()
    apart = found.boxes if rule.agnostic else _apart(found)
    kept = (_by_torch if by_torch else _by_numpy)(apart, rule)
    return Detections(found.boxes[kept], found.scores[kept], found.classes[kept])


def _apart(found: Detections) -> NDArray[np.floating]:
    """Boxes of each class moved so far that they meet no other class; in doubles, which keep their sides."""
    far = float(found.boxes.max() - found.boxes.min()) + 1
    return found.boxes.astype(np.float64) + (found.classes * far)[:, None]


def _by_numpy(boxes: NDArray[np.floating], rule: Rule) -> NDArray[np.int64]:
    """Indices of those that are kept, of boxes by falling score."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    left, kept = np.arange(len(boxes)), []
    while len(left) and len(kept) < rule.most:
        first, rest = left[0], left[1:]
        kept.append(first)
        low, high = np.maximum(boxes[first, :2], boxes[rest, :2]), np.minimum(boxes[first, 2:], boxes[rest, 2:])
        inside = (high - low).clip(min=0).prod(1)
        left = rest[inside <= rule.iou * (areas[first] + areas[rest] - inside)]
    return np.array(kept, np.int64)


def _by_torch(boxes: NDArray[np.floating], rule: Rule) -> NDArray[np.int64]:
    """The same. What is kept of the first boxes does not depend on those behind them, which are looked at only where
    the first are too few: torchvision compares all that it is given."""
    import torch
    from torchvision.ops import nms

    corners = torch.from_numpy(boxes).double()
    falling = torch.arange(len(boxes), 0, -1, dtype=torch.float64)  # they are in order: equal ones stay in it
    end, kept = 0, np.zeros(0, np.int64)
    while end < len(boxes) and len(kept) < rule.most:
        end = min(max(10 * rule.most, 4 * end), len(boxes))
        kept = nms(corners[:end], falling[:end], rule.iou).numpy()
    return kept[: rule.most]

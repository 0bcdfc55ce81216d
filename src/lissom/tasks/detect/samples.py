"""Pictures with boxes and a detector trained on them, for a look inside it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lissom.data.files import Pixels
from lissom.device import choose_device
from lissom.inspection.samples import Samples, evenly
from lissom.messages import text
from lissom.tasks.detect.batches import Normaliser, Store, placed
from lissom.tasks.detect.data.pictures import Pictures
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.heads import head_of
from lissom.training.run import Run
from lissom.training.trained import trained


def samples(run: Run, data: Any, part: str, *, most: int, device: str) -> Samples:
    """At most `most` pictures of a part of the data, not augmented, in square inputs; as many of each class, which is
    that of a picture's largest box, and of background."""
    facts, at = run.facts, choose_device(device)
    names = (*facts.class_names, text("detect.background"))
    pictures: Pictures = getattr(data, part)
    kinds = _largest(pictures, len(facts.class_names))
    chosen = evenly(kinds, most)
    pictures = pictures.subset(chosen)
    store, side = Store(pictures, facts.resolution, keep=True), (facts.resolution, facts.resolution)
    normalise = Normaliser(facts, at)

    def pixels(indices: NDArray[np.integer]) -> Pixels:
        return placed(store, indices.tolist(), side)[0]

    def batches(size: int) -> Iterator[Tensor]:
        every = np.arange(len(pictures))
        return (normalise(pixels(every[start : start + size])) for start in range(0, len(every), size))

    return Samples(
        network=run.record.network,
        model=trained(run, at),
        class_names=names,
        labels=kinds[chosen],
        pixels=pixels,
        normalise=normalise,
        batches=batches,
        heat=lambda raw, sides: heat(raw, sides, facts),
    )


def _largest(pictures: Pictures, background: int) -> NDArray[np.int64]:
    """Of each picture the class of its largest box; `background` without boxes."""
    kinds = np.full(len(pictures), background, np.int64)
    for index in range(len(pictures)):
        boxes, classes, _ = pictures.labels(index)
        if len(classes):
            kinds[index] = classes[(boxes[:, 2:] - boxes[:, :2]).prod(1).argmax()]
    return kinds


def heat(raw: Any, sides: Sequence[int], facts: DetectFacts) -> list[Tensor]:
    """Raw numbers of each level -> B h w: the highest score of any class and anchor at each cell.

    sides: height and width of the input.
    """
    best = head_of(facts).scored(raw)[1].amax(2)  # B N, by level, anchor, row and column
    cells = [(-(-sides[0] // stride), -(-sides[1] // stride)) for stride in facts.strides]
    each = best.shape[1] // sum(high * wide for high, wide in cells)
    parts = torch.split(best, [each * high * wide for high, wide in cells], 1)
    return [part.unflatten(1, (each, *size)).amax(1) for part, size in zip(parts, cells, strict=True)]

"""How the training pixels of a scene are cut into steps and parts, of whatever number there are."""

import numpy as np
import pytest
import torch

from lissom.errors import DataError
from lissom.tasks.scene.data.batches import Reduced, TrainPixels


def pixels_of(count: int, batch_size: int, parts: int) -> TrainPixels:
    scene, labels = Reduced(torch.zeros(1, 1, count)), np.zeros((1, count), np.int64)
    return TrainPixels(scene, labels, labels >= 0, batch_size=batch_size, parts=parts)


@pytest.mark.parametrize(("count", "batch_size", "parts", "steps", "part"), [
    (482, 256, 1, 2, 241), (482, 256, 2, 2, 120), (10, 4, 1, 3, 3),
    (7, 4, 4, 1, 1),     # two steps of three pixels would leave four parts without any
    (9, 8, 4, 1, 2),     # two steps of four would leave one for each part, where two are asked for
    (15, 8, 4, 1, 2), (11, 12, 4, 1, 2), (14, 12, 4, 1, 3),
    (5, 2, 1, 2, 2), (5, 256, 4, 1, 1), (5, 1, 1, 5, 1),
])  # fmt: skip
def test_each_part_has_as_many_pixels_as_can_be(count: int, batch_size: int, parts: int, steps: int, part: int) -> None:
    cut = pixels_of(count, batch_size, parts)
    sizes = [[len(each) for each in step] for step in cut.epoch(0)]
    assert (cut.steps_per_epoch, cut.part_size) == (steps, part)
    assert sizes == [[part] * parts] * steps
    assert part * parts <= batch_size


def test_fewer_pixels_than_parts_are_refused() -> None:
    with pytest.raises(DataError, match="3 training pixels for 4 parts"):
        pixels_of(3, 8, 4)

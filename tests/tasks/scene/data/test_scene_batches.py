"""Batches of pixels share one scene, however they are cut."""

import numpy as np
import torch

from lissom.tasks.scene.data.batches import EvalPixels, Reduced


def test_a_batch_is_cut_in_its_pixels_and_never_in_its_scene() -> None:
    labels = np.arange(20).reshape(4, 5) % 3
    scene = Reduced(torch.zeros(7, 4, 5))
    (batch,) = EvalPixels(scene, labels, np.ones((4, 5), bool))
    cut = batch.first(2)
    assert (len(batch), len(cut)) == (20, 2)
    assert cut.coords.tolist() == [[0, 0], [0, 1]]
    assert cut.labels.tolist() == [0, 1]
    assert cut.scene is scene

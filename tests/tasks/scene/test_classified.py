"""Logits become classes, confidence and uncertainty, by the formulas written out in torch."""

import numpy as np
import pytest
import torch

from lissom.tasks.scene.classified import decode

LOGITS = np.random.default_rng(0).normal(0, 3, (5, 6, 7, 4)).astype(np.float32)  # passes h w K


def test_of_one_pass_the_class_is_the_most_probable_one() -> None:
    found = decode(LOGITS[0])
    expected = torch.from_numpy(LOGITS[0]).softmax(-1).max(-1)
    assert np.array_equal(found.predicted, expected.indices.numpy())
    assert found.confidence == pytest.approx(expected.values.numpy(), abs=1e-6)
    assert (found.confidence.dtype, found.uncertainty) == (np.float32, None)


def test_of_many_passes_the_mean_decides_and_what_they_disagree_on_is_the_uncertainty() -> None:
    found = decode(LOGITS)
    drawn = torch.from_numpy(LOGITS).double().softmax(-1)
    mean = drawn.mean(0)
    entropy = [-(p * p.log()).sum(-1) for p in (mean, drawn)]
    assert np.array_equal(found.predicted, mean.argmax(-1).numpy())
    assert found.confidence == pytest.approx(mean.amax(-1).numpy(), abs=1e-6)
    assert found.uncertainty == pytest.approx((entropy[0] - entropy[1].mean(0)).numpy(), abs=1e-6)
    assert found.uncertainty is not None
    assert found.uncertainty.max() > 0.3


def test_passes_that_agree_are_certain_also_of_classes_that_cannot_be() -> None:
    alike = np.repeat(np.float32([[[[200.0, -200.0, 0.0]]]]), 4, 0)
    found = decode(alike)
    assert found.uncertainty == pytest.approx(0.0)
    assert np.isfinite(found.uncertainty).all()  # type: ignore[arg-type]

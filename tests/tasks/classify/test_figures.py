"""Figures of a classification worked out anew: calibration by its bins, the interval of top-1, the best five."""

import numpy as np
import pytest
from scipy.stats import binomtest

from lissom.tasks.classify.metrics import classification_figures
from lissom.tasks.classify.predictions import Predictions

NAMES = tuple("abcdefgh")
RNG = np.random.default_rng(3)
PROBABILITIES = RNG.dirichlet(np.full(8, 0.3), 400).astype(np.float32)
# always right in every other bin, seldom in the rest: bins of other widths average that
LABELS = np.where((PROBABILITIES.max(1) * 15).astype(int) % 2 > 0, PROBABILITIES.argmax(1), RNG.integers(0, 8, 400))
FIGURES = classification_figures(Predictions(PROBABILITIES, LABELS), NAMES)


def calibration_error(bins: int) -> float:
    """Guo et al., equation 3, bin after bin."""
    confidence, right, error = PROBABILITIES.max(1), PROBABILITIES.argmax(1) == LABELS, 0.0
    for number in range(bins):
        inside = (confidence > number / bins) & (confidence <= (number + 1) / bins)
        if inside.any():
            error += inside.sum() / len(LABELS) * abs(right[inside].mean() - confidence[inside].mean())
    return error


def test_the_calibration_error_is_of_fifteen_bins() -> None:
    assert FIGURES["calibration_error"] == pytest.approx(calibration_error(15), abs=1e-6)
    for bins in (5, 10, 14, 16, 20):
        assert abs(calibration_error(bins) - calibration_error(15)) > 1e-4


def test_the_interval_is_wilson_s_of_the_same_images() -> None:
    right = int((PROBABILITIES.argmax(1) == LABELS).sum())
    expected = binomtest(right, 400).proportion_ci(0.95, "wilson")
    assert FIGURES.intervals["top1"] == pytest.approx([expected.low, expected.high])
    (top1,) = [figure for figure in FIGURES.figures if figure.name == "top1"]
    assert (top1.value, top1.n, top1.split) == (right / 400, 400, "test")


def test_the_best_five_are_counted_image_by_image() -> None:
    inside = [label in np.argsort(-row)[:5] for row, label in zip(PROBABILITIES, LABELS, strict=True)]
    assert FIGURES["top5"] == pytest.approx(np.mean(inside))
    assert FIGURES["top5"] > FIGURES["top1"]


def test_the_commonest_mistakes_are_shares_of_the_true_class() -> None:
    wrong = {(t, p): 0 for t in range(8) for p in range(8)}
    for true, said in zip(LABELS, PROBABILITIES.argmax(1), strict=True):
        wrong[true, said] += int(true != said)
    (true, said), count = max(wrong.items(), key=lambda each: each[1])
    first = FIGURES["most_confused"][0]
    assert (first["count"], first["share"]) == (count, count / (true == LABELS).sum())
    if sorted(wrong.values())[-2] < count:
        assert (first["true"], first["predicted"]) == (NAMES[true], NAMES[said])


def test_a_tie_at_the_fifth_place_is_a_miss() -> None:
    rows = np.float32([[0.3, 0.2, 0.15, 0.15, 0.05, 0.05, 0.05, 0.05], [0.3, 0.2, 0.15, 0.15, 0.08, 0.05, 0.04, 0.03]])
    assert classification_figures(Predictions(rows, np.array([4, 4])), NAMES)["top5"] == 0.5

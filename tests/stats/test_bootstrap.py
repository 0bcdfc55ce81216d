"""The paired bootstrap against its closed form for shares, and against drawing sample by sample."""

import numpy as np
import pytest

from lissom.stats.bootstrap import joint_counts, paired_difference
from lissom.tasks.scene.metrics import average_accuracies, confusion_of, kappa, kappas

K = 4


def answers(count: int = 900) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    truth = rng.choice(K, count, p=[0.1, 0.5, 0.35, 0.05])
    first, second = (np.where(rng.random(count) < p, truth, rng.integers(0, K, count)) for p in (0.8, 0.7))
    return truth, first, second


def accuracies(matrices: np.ndarray) -> np.ndarray:
    return np.trace(matrices, axis1=1, axis2=2) / matrices.sum((1, 2))


def test_difference_of_shares_has_the_interval_of_its_formula() -> None:
    """d = (b - c) / n, its variance (b + c - (b - c)² / n) / n²."""
    truth, first, second = answers()
    found = paired_difference(joint_counts(truth, first, second, K), accuracies, resamples=20_000)
    b, c, n = ((first == truth) & (second != truth)).sum(), ((first != truth) & (second == truth)).sum(), len(truth)
    half = 1.96 * np.sqrt(b + c - (b - c) ** 2 / n) / n
    assert found
    assert found.value == pytest.approx((b - c) / n)
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half), abs=0.002)
    assert found.certain


def test_drawing_cells_is_drawing_samples() -> None:
    truth, first, second = answers()
    found = paired_difference(joint_counts(truth, first, second, K), average_accuracies, resamples=4000)
    rng, drawn = np.random.default_rng(1), []
    for _ in range(4000):
        some = rng.integers(0, len(truth), len(truth))
        matrices = np.stack([confusion_of(truth[some], answer[some], K) for answer in (first, second)])
        drawn.append(-np.diff(average_accuracies(matrices))[0])
    assert found
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.006)


def test_matrices_at_once_are_as_one_by_one() -> None:
    truth, first, second = answers()
    matrices = np.stack([confusion_of(truth, answer, K) for answer in (first, second)])
    assert kappas(matrices) == pytest.approx([kappa(matrix) for matrix in matrices])
    recalls = [np.diag(matrix) / matrix.sum(1) for matrix in matrices]
    assert average_accuracies(matrices) == pytest.approx([recall.mean() for recall in recalls])
    matrices[:, 3] = 0  # a class that no sample is of stays out
    assert average_accuracies(matrices) == pytest.approx([recall[:3].mean() for recall in recalls])
    assert np.isnan(kappas(np.array([[[5, 0], [0, 0]]])))[0]


def test_equal_answers_differ_by_nothing_and_the_same_seed_gives_the_same_interval() -> None:
    truth, first, second = answers(200)
    same = paired_difference(joint_counts(truth, first, first, K), kappas)
    assert same == (0, 0, 0)
    assert not same.certain
    joint = joint_counts(truth, first, second, K)
    assert paired_difference(joint, kappas) == paired_difference(joint, kappas)
    assert paired_difference(joint, kappas) != paired_difference(joint, kappas, seed=1)
    assert paired_difference(joint_counts(*(np.zeros(5, int),) * 3, 1), kappas) is None

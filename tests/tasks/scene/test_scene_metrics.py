"""Metrics of a scene against scikit-learn's, McNemar's test against scipy's, and the table that papers print."""

import csv
import io
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest, chi2
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    precision_recall_fscore_support,
)

from lissom.stats.mcnemar import mcnemar
from lissom.tasks.scene.metrics import confusion_of, scene_figures
from lissom.tasks.scene.table import published_table

NAMES = ("alfalfa", "corn", "grass", "oats")


def answers(seed: int = 0, count: int = 500, right: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.choice(4, count, p=[0.1, 0.5, 0.35, 0.05])
    return truth, np.where(rng.random(count) < right, truth, rng.integers(0, 4, count))


def metrics_of(truth: Any, predicted: Any, names: Any) -> dict[str, Any]:
    """By name, as `lissom.evaluate` returns them."""
    return scene_figures(truth, predicted, names).to_dict()


@pytest.mark.parametrize("seed", range(4))
def test_metrics_are_scikit_learn_s(seed: int) -> None:
    truth, predicted = answers(seed)
    got = metrics_of(truth, predicted, NAMES)
    assert got["oa"] == accuracy_score(truth, predicted)
    assert got["aa"] == pytest.approx(balanced_accuracy_score(truth, predicted))
    assert got["kappa"] == pytest.approx(cohen_kappa_score(truth, predicted))
    assert got["confusion"] == confusion_matrix(truth, predicted).tolist()
    expected = precision_recall_fscore_support(truth, predicted)
    for key, values in zip(("precision", "recall", "f1", "pixels"), expected, strict=True):
        assert [scores[key] for scores in got["per_class"]] == pytest.approx(list(values))
    assert [scores["class"] for scores in got["per_class"]] == list(NAMES)
    assert got["oa_interval_95"][0] < got["oa"] < got["oa_interval_95"][1]
    assert (got["pixels"], got["correct"]) == (500, int((truth == predicted).sum()))


def test_classes_without_test_pixels_stay_out_of_the_average() -> None:
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    got = metrics_of(truth, predicted, NAMES)
    assert got["aa"] == pytest.approx((0.5 + 1) / 2)
    absent, unknown = got["per_class"][2], got["per_class"][3]
    assert (absent["recall"], absent["precision"], absent["f1"], absent["pixels"]) == (None, 0.0, None, 0)
    assert (unknown["recall"], unknown["precision"]) == (None, None)


def test_kappa_of_one_class_is_undefined() -> None:
    assert metrics_of(np.zeros(5, int), np.zeros(5, int), NAMES)["kappa"] is None
    truth = np.array([0, 0, 1, 1])
    assert metrics_of(truth, 1 - truth, NAMES)["kappa"] == -1
    assert metrics_of(truth, truth, NAMES)["kappa"] == 1


def test_confusion_of_small_integers_does_not_overflow() -> None:
    truth = np.full(300, 15, np.uint8)
    assert confusion_of(truth, truth, 16)[15, 15] == 300


def right(both: int, only_first: int, only_second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    counts = (both, only_first, only_second, neither)
    first, second = np.array([True, True, False, False]), np.array([True, False, True, False])
    return first.repeat(counts), second.repeat(counts)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (5, 5), (2, 9), (9, 2), (0, 24), (12, 12)])
def test_few_discordant_pixels_are_tested_exactly(b: int, c: int) -> None:
    got = mcnemar(*right(50, b, c, 7))
    assert (got.only_first, got.only_second, got.method, got.statistic) == (b, c, "exact", None)
    assert got.p_value == pytest.approx(binomtest(min(b, c), b + c).pvalue if b + c else 1.0)


@pytest.mark.parametrize(("b", "c"), [(13, 12), (12, 13), (25, 0), (40, 90), (90, 40), (500, 521), (30, 30)])
def test_many_discordant_pixels_by_chi_square_with_continuity(b: int, c: int) -> None:
    got = mcnemar(*right(1000, b, c, 3))
    assert got.method == "chi-square"
    assert got.statistic == pytest.approx(max(abs(b - c) - 1, 0) ** 2 / (b + c))
    assert got.p_value == pytest.approx(chi2.sf(got.statistic, 1))
    assert got.z == pytest.approx((b - c) / (b + c) ** 0.5)
    assert got.to_dict()["z"] == got.z


def test_the_two_networks_may_change_places() -> None:
    first, second = right(100, 60, 30, 10)
    one, other = mcnemar(first, second), mcnemar(second, first)
    assert (one.p_value, one.z) == (other.p_value, -other.z)
    with pytest.raises(AssertionError, match="not the same pixels"):
        mcnemar(first, second[1:])


def runs(right_share: float, count: int = 3) -> list[dict]:
    truth, _ = answers(9)
    truth[:] = np.where(truth == 3, 1, truth)  # oats have no test pixels
    rng = np.random.default_rng(int(100 * right_share))
    wrong = (truth + 1) % 4
    return [
        metrics_of(truth, np.where(rng.random(len(truth)) < right_share, truth, wrong), NAMES) for _ in range(count)
    ]


def test_table_holds_means_and_deviations_over_runs() -> None:
    of_net, of_svm = runs(0.95), runs(0.7)
    table = published_table({"HybridSN": of_net, "SVM": of_svm})
    rows = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert [row["class"] for row in rows] == [*NAMES, "OA (%)", "AA (%)", "Kappa x 100"]
    oa = [100 * run["oa"] for run in of_net]
    assert float(rows[4]["HybridSN mean"]) == pytest.approx(np.mean(oa))
    assert float(rows[4]["HybridSN std"]) == pytest.approx(np.std(oa, ddof=1))
    assert float(rows[6]["SVM mean"]) == pytest.approx(np.mean([100 * run["kappa"] for run in of_svm]))
    assert float(rows[1]["SVM mean"]) == pytest.approx(np.mean([100 * r["per_class"][1]["recall"] for r in of_svm]))
    assert (rows[3]["HybridSN mean"], rows[3]["pixels"]) == ("", "0")


def test_table_as_text_is_aligned_and_as_latex_escaped_with_the_best_in_bold() -> None:
    table = published_table({"Hybrid_SN": runs(0.95), "k-NN & co": runs(0.7)})
    lines = table.to_text().splitlines()
    assert len({len(line) for line in lines if "±" in line}) == 1
    assert f"{table.rows[4][2][0].mean:.2f} ± {table.rows[4][2][0].std:.2f}" in lines[-3]
    assert lines[5].count("–") == 2
    latex = table.to_latex()
    assert r"Hybrid\_SN & k-NN \& co" in latex
    assert latex.count(r"\textbf{") == 6  # three classes with test pixels, OA, AA, kappa
    assert rf"\textbf{{{table.rows[4][2][0].mean:.2f} $\pm$" in latex
    assert latex.count(r"\\") == 8


def test_one_run_has_no_deviation_and_chinese_names_keep_the_columns() -> None:
    truth, predicted = answers()
    result = metrics_of(truth, predicted, ("苜蓿", "玉米 (免耕)", "grass", "oats"))
    table = published_table({"SVM": [result]})
    assert table.rows[4][2][0].std is None
    body = [line for line in table.to_text().splitlines() if not line.startswith("-")]
    wide = [sum(1 + (ord(letter) >= 0x2E80) for letter in line) for line in body]
    assert len(set(wide)) == 1
    assert r"\textbf" not in table.to_latex()


def test_runs_of_other_classes_are_not_mixed() -> None:
    truth, predicted = answers()
    other = metrics_of(truth, predicted, NAMES[::-1])
    with pytest.raises(AssertionError, match="different classes"):
        published_table({"a": [metrics_of(truth, predicted, NAMES)], "b": [other]})

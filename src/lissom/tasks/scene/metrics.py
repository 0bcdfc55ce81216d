"""What an evaluation of a scene reports: overall and average accuracy, kappa, scores by class, the confusion matrix.

All follow from the confusion matrix, and equal scikit-learn's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.stats.confused import read_confused
from lissom.stats.intervals import wilson
from lissom.training.figures import Figure, Figures

Counts = NDArray[np.int64]


def confusion_of(truth: NDArray[np.integer], predicted: NDArray[np.integer], num_classes: int) -> Counts:
    """`K K` counts, row the true class, column the predicted one, from class numbers `N` of each pixel."""
    pairs = truth.astype(np.int64) * num_classes + predicted
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def scene_figures(
    truth: NDArray[np.integer], predicted: NDArray[np.integer], class_names: Sequence[str], *, split: str = "test"
) -> Figures:
    """Metrics of the test pixels, `N` class numbers each: shares from 0 to 1, kappa from -1 to 1.

    `oa`: correct pixels of all; `aa`: mean recall of the classes that have test pixels, those without stay out;
    `kappa`: agreement beyond chance (Cohen). A score that nothing defines is None: the recall of a class without test
    pixels, the precision of one that is never named, kappa where truth and answer know one class only.
    """
    matrix = confusion_of(truth, predicted, len(class_names))
    total, correct = int(matrix.sum()), int(np.trace(matrix))
    assert total, "no test pixels"
    per_class = [_of_class(matrix, k) | {"class": name} for k, name in enumerate(class_names)]
    there = matrix.sum(1) > 0
    recalls = np.diag(matrix)[there] / matrix.sum(1)[there]
    low, high = wilson(correct, total)  # pixels beside each other are alike: it is rather too narrow
    known: dict[str, Any] = {"n": total, "split": split}
    figures = (
        Figure(name="pixels", value=total, unit="count", **known),
        Figure(name="correct", value=correct, unit="count", **known),
        Figure(name="oa", value=correct / total, low=low, high=high, **known),
        Figure(name="aa", value=float(recalls.mean()), **known),
        Figure(name="kappa", value=kappa(matrix), unit="number", **known),
    )
    return Figures(figures=figures, details={"per_class": per_class, "confusion": read_confused(matrix).stored()})


def kappa(matrix: Counts) -> float | None:
    """Cohen's kappa of a confusion matrix; None where chance alone would agree everywhere."""
    total = int(matrix.sum())
    agreed = int(np.trace(matrix)) / total
    chance = float((matrix.sum(0) / total) @ (matrix.sum(1) / total))
    return (agreed - chance) / (1 - chance) if chance < 1 else None


def kappas(matrices: NDArray[np.integer]) -> NDArray[np.float64]:
    """The same of many, `R K K -> R`; NaN where chance alone would agree everywhere."""
    total = matrices.sum((1, 2))
    agreed = np.trace(matrices, axis1=1, axis2=2) / total
    named, there = (matrices.sum(axis) / total[:, None] for axis in (1, 2))
    chance = (named * there).sum(1)
    defined = chance < 1
    return np.divide(agreed - chance, 1 - chance, out=np.full(len(matrices), np.nan), where=defined)


def average_accuracies(matrices: NDArray[np.integer]) -> NDArray[np.float64]:
    """Mean recall of confusion matrices `R K K`, of the classes that each has samples of."""
    there = matrices.sum(2)
    recalls = np.divide(np.diagonal(matrices, axis1=1, axis2=2), there, out=np.zeros(there.shape), where=there > 0)
    return recalls.sum(1) / np.maximum((there > 0).sum(1), 1)


def named_accuracies(per_class: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of `per_class` in the words of remote sensing: the recall is the producer's accuracy, the precision the
    user's (Congalton, 1991)."""
    return [
        {"class": row["class"], "producers_accuracy": row["recall"], "users_accuracy": row["precision"],
         "f1": row["f1"], "pixels": row["pixels"], "hectares": row.get("hectares")}
        for row in per_class
    ]  # fmt: skip


def _of_class(matrix: Counts, k: int) -> dict[str, Any]:
    """Precision, recall and F1 of one class, and its test pixels."""
    right, named, there = int(matrix[k, k]), int(matrix[:, k].sum()), int(matrix[k].sum())
    return {
        "precision": right / named if named else None,
        "recall": right / there if there else None,
        "f1": 2 * right / (named + there) if there else None,
        "pixels": there,
    }

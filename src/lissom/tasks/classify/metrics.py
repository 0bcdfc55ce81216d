"""What an evaluation reports beyond top-1: per-class scores and calibration."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from lissom.report.confusion import most_confused
from lissom.stats.confused import MANY, confused
from lissom.stats.intervals import wilson
from lissom.tasks.classify.predictions import Predictions, top_k
from lissom.training.figures import Figure, Figures


def classification_figures(
    predictions: Predictions, class_names: tuple[str, ...], *, split: str = "test", folder: Path | None = None
) -> Figures:
    """Top-1 with its 95 % interval, top-5, mean F1, calibration error; details: scores of each class, confusion.

    Of more than `MANY` classes, as ImageNet has, those that occur are scored alone, and `confusion` has no zeros.
    """
    classes = np.arange(len(class_names))
    absent: Any = 0.0  # the score of a class that is never named; scikit-learn types the argument as a word
    scores: Any = precision_recall_fscore_support(
        predictions.labels, predictions.predicted, labels=classes, zero_division=absent
    )
    precision, recall, f1, support = scores
    counts = confused(predictions.labels, predictions.predicted, len(class_names))
    correct, images = int(predictions.correct.sum()), len(predictions.labels)
    low, high = wilson(correct, images)
    known: dict[str, Any] = {"n": images, "split": split}
    figures = [
        Figure(name="images", value=images, unit="count", **known),
        Figure(name="correct", value=correct, unit="count", **known),
        Figure(name="top1", value=correct / images, low=low, high=high, **known),
        Figure(name="macro_f1", value=float(f1[support > 0].mean()), **known),
        Figure(name="calibration_error", value=calibration_error(predictions), **known),
    ]
    if len(class_names) > 5:
        figures.append(Figure(name="top5", value=top_k(predictions, 5), **known))
    per_class = [
        {"class": name, "precision": float(p), "recall": float(r), "f1": float(f), "images": int(n)}
        for number, (name, p, r, f, n) in enumerate(zip(class_names, precision, recall, f1, support, strict=True))
        if len(class_names) <= MANY or counts.occurring[number]
    ]
    details = {
        "per_class": per_class,
        "confusion": counts.stored(),
        "most_confused": most_confused(counts, class_names),
    }
    return Figures(figures=tuple(figures), details=details, folder=folder)


def calibration_error(predictions: Predictions, bins: int = 15) -> float:
    """Expected calibration error: |accuracy - confidence| averaged over equal bins of confidence, by their share.

    Guo et al., On Calibration of Modern Neural Networks (1706.04599), equation 3.
    """
    confidence = predictions.probabilities.max(1)
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(predictions.correct[bin_of == b].mean() - confidence[bin_of == b].mean()) * (bin_of == b).mean()
        for b in np.unique(bin_of)
    ]
    return float(sum(gaps))


def worst(predictions: Predictions, count: int) -> list[int]:
    """Places of the images that were misclassified with the most confidence, worst first."""
    wrong = np.flatnonzero(~predictions.correct)
    order = np.argsort(-predictions.probabilities[wrong].max(1), kind="stable")
    return wrong[order][:count].tolist()

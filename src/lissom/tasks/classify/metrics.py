"""What an evaluation reports beyond top-1: per-class scores and calibration."""

from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from lissom.stats.intervals import wilson
from lissom.tasks.classify.objective import Answers, top_k


def classification_metrics(answers: Answers, class_names: tuple[str, ...]) -> dict[str, Any]:
    """Top-1 with its 95 % interval, top-5, per-class precision, recall and F1, confusion matrix, calibration error."""
    classes = np.arange(len(class_names))
    absent: Any = 0.0  # the score of a class that is never named; scikit-learn types the argument as a word
    scores: Any = precision_recall_fscore_support(
        answers.labels, answers.predicted, labels=classes, zero_division=absent
    )
    precision, recall, f1, support = scores
    correct, images = int(answers.correct.sum()), len(answers.labels)
    metrics: dict[str, Any] = {
        "images": images,
        "correct": correct,
        "top1": correct / images,
        "top1_interval_95": list(wilson(correct, images)),
        "macro_f1": float(f1[support > 0].mean()),
        "calibration_error": calibration_error(answers),
        "per_class": [
            {"class": name, "precision": float(p), "recall": float(r), "f1": float(f), "images": int(n)}
            for name, p, r, f, n in zip(class_names, precision, recall, f1, support, strict=True)
        ],
        "confusion": confusion_matrix(answers.labels, answers.predicted, labels=classes).tolist(),
    }
    if len(class_names) > 5:
        metrics["top5"] = top_k(answers, 5)
    return metrics


def calibration_error(answers: Answers, bins: int = 15) -> float:
    """Expected calibration error: |accuracy - confidence| averaged over equal bins of confidence, by their share.

    Guo et al., On Calibration of Modern Neural Networks (1706.04599), equation 3.
    """
    confidence = answers.probabilities.max(1)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(answers.correct[place == b].mean() - confidence[place == b].mean()) * (place == b).mean()
        for b in np.unique(place)
    ]
    return float(sum(gaps))


def worst(answers: Answers, count: int) -> list[int]:
    """Places of the images that were misclassified with the most confidence, worst first."""
    wrong = np.flatnonzero(~answers.correct)
    order = np.argsort(-answers.probabilities[wrong].max(1), kind="stable")
    return wrong[order][:count].tolist()

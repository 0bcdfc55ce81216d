"""Two runs on the same test images: McNemar's test on what both have answered."""

import csv
from typing import NamedTuple

import numpy as np

from lissom.errors import DataError
from lissom.messages import text
from lissom.report.tables import read_csv
from lissom.stats.mcnemar import McNemar, mcnemar
from lissom.tasks.classify.measure import EVALUATION
from lissom.training.run import Run

CERTAIN = 0.05  # p below which two runs are said to differ


class Kept(NamedTuple):
    """What a run has answered for its test images, in the order of the file names."""

    truth: list[tuple[str, str]]
    """File and true class of each."""
    right: np.ndarray
    """Whether that was the answer, N."""


def photo_verdict(a: Run, b: Run) -> str:
    """Which of two finished runs is better, in a sentence; none where other images were tested.

    Raises: DataError for predictions that are missing or damaged.
    """
    test = compare_images(a, b)
    if test is None:
        return text("verbs.compare-other-data", a=a.name, b=b.name)
    counts, p = (test.only_first, test.only_second), f"{test.p_value:.2g}"
    if test.p_value >= CERTAIN:
        return text("photos.mcnemar-tied", a=a.name, b=b.name, first=counts[0], second=counts[1], p=p)
    better, worse = (a.name, b.name) if counts[0] > counts[1] else (b.name, a.name)
    return text("photos.mcnemar-better", better=better, worse=worse, more=max(counts), fewer=min(counts), p=p)


def compare_images(a: Run, b: Run) -> McNemar | None:
    """McNemar's test on the test images, None where they are not the same, by name, class and content.

    The images that trained may differ, as with another seed of the split beside a fixed `test/`.
    """
    first, second = kept_predictions(a), kept_predictions(b)
    if first.truth != second.truth or _tested(a) != _tested(b):
        return None
    return mcnemar(first.right, second.right)


def _tested(run: Run) -> dict[str, str]:
    """The digests of the test images by name; of all items, where these hold many images each."""
    items = run.items
    tested = {name: item.digest for name, item in items.items() if item.part == "test"}
    return tested or {name: item.digest for name, item in items.items()}


def kept_predictions(run: Run) -> Kept:
    """Of the run's own test images, in older runs under an older name.

    Raises: DataError for a file that is missing or damaged.
    """
    path, older = run.path / EVALUATION, run.path / "predictions.csv"
    if not path.exists() and older.exists():
        path = older
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = sorted(read_csv(file), key=lambda row: row["file"])
        right = np.array([row["true"] == row["predicted"] for row in rows], bool)
        return Kept([(row["file"], row["true"]) for row in rows], right)
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise DataError("run-file-damaged", path=path, reason=str(error) or type(error).__name__) from error

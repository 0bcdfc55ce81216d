"""A confusion matrix without its zeros, against scikit-learn's."""

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from lissom.report.confusion import MOST_WITH_COUNTS, confusion_csv, confusion_of, drawn_classes, most_confused
from lissom.stats.confused import MANY, Confused, confused, read_confused
from lissom.tasks.classify.metrics import classification_figures
from lissom.tasks.classify.page import MOST_ROWS
from lissom.tasks.classify.predictions import Predictions

SIZES = pytest.mark.parametrize("classes", [2, MANY, MANY + 1])


def drawn(classes: int, samples: int = 400) -> tuple[Any, Any, Confused]:
    rng = np.random.default_rng(classes)
    true = rng.integers(0, classes, samples)
    predicted = np.where(rng.random(samples) < 0.5, true, rng.integers(0, classes, samples))
    return true, predicted, confused(true, predicted, classes)


@SIZES
def test_its_cells_are_those_of_the_matrix(classes: int) -> None:
    true, predicted, counts = drawn(classes)
    expected = confusion_matrix(true, predicted, labels=np.arange(classes))
    assert np.array_equal(counts.matrix(), expected)
    assert np.array_equal(counts.matrix([1, 0]), expected[:2, :2][::-1, ::-1])
    assert np.array_equal(counts.totals, expected.sum(1))
    assert np.array_equal(counts.occurring, expected.any(0) | expected.any(1))
    assert counts.mistakes.count.sum() == expected.sum() - np.trace(expected)


@SIZES
def test_what_is_stored_is_read_back(classes: int) -> None:
    counts = drawn(classes)[2]
    stored = json.loads(json.dumps(counts.stored()))
    assert isinstance(stored, dict) == (classes > MANY)
    back = read_confused(stored)
    assert back.classes == classes
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(counts.cells, back.cells, strict=True))


@SIZES
def test_its_table_has_all_counts(classes: int) -> None:
    names = [f"class {k}" for k in range(classes)]
    counts = drawn(classes)[2]
    head, *rows = csv.reader(io.StringIO(confusion_csv(counts, names)))
    if classes > MANY:
        assert head == ["true", "predicted", "count"]
        cells = [
            (names[t], names[p], str(n)) for t, p, n in zip(*(side.tolist() for side in counts.cells), strict=True)
        ]
        assert [tuple(row) for row in rows] == cells
    else:
        assert [list(map(int, row[1:])) for row in rows] == counts.matrix().tolist()


def test_the_picture_has_the_classes_with_the_most_mistakes() -> None:
    """Of 5,000 classes two are confused: they are drawn, with shares of all images of each class."""
    true, predicted = np.arange(5000).repeat(4), np.arange(5000).repeat(4)
    predicted[4 * 4321 : 4 * 4321 + 3] = 17
    predicted[4 * 99] = 4999
    counts = confused(true, predicted, 5000)
    chosen = drawn_classes(counts)
    assert len(chosen) == MOST_WITH_COUNTS
    assert {17, 99, 4321, 4999} <= set(chosen)
    assert chosen == sorted(chosen)
    names = [f"class {k}" for k in range(5000)]
    cells = np.asarray(confusion_of(counts, names).axes[0].images[0].get_array())
    assert cells[chosen.index(4321), chosen.index(17)] == 0.75
    assert cells[chosen.index(99), chosen.index(99)] == 0.75
    assert most_confused(counts, names)[0] == {"true": "class 4321", "predicted": "class 17", "count": 3, "share": 0.75}


def test_shares_are_of_all_images_also_where_their_column_is_not_drawn() -> None:
    """Class 0 is predicted as 200 others, once each; of 30 classes its row is not the whole."""
    true, predicted = np.zeros(201, int), np.arange(201)
    counts = confused(true, predicted, 201)
    cells = np.asarray(confusion_of(counts, list(map(str, range(201)))).axes[0].images[0].get_array())
    assert cells[0].max() == pytest.approx(1 / 201)


def test_the_figures_of_many_classes_are_as_many_as_their_images() -> None:
    labels = np.arange(120).repeat(2)
    probabilities = np.full((240, 5000), 1e-5, np.float32)
    probabilities[np.arange(240), (labels + (np.arange(240) % 7 == 0)) % 5000] = 0.9
    found = classification_figures(Predictions(probabilities, labels), tuple(map(str, range(5000))))
    assert len(json.dumps(found.to_dict())) < 40_000
    assert MOST_ROWS < len(found["per_class"]) <= 121
    assert sum(found["confusion"]["count"]) == 240

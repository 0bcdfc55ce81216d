"""A seeded sample with as many of each class as there are."""

import numpy as np
import pytest

from lissom.data.order import stratified

LABELS = np.repeat(np.arange(5), (40, 40, 3, 1, 20))


@pytest.mark.parametrize("count", [3, 5, 12, 64, 104, 200])
def test_no_class_has_a_second_before_all_others_have_one(count: int) -> None:
    chosen = stratified(LABELS, count)
    assert len(set(chosen.tolist())) == min(count, len(LABELS))
    assert chosen.tolist() == sorted(chosen.tolist())
    counts, there = np.bincount(LABELS[chosen], minlength=5), np.bincount(LABELS)
    short = counts < there  # classes that could have given more
    assert counts.max() <= (counts[short].min() + 1 if short.any() else counts.max())


def test_the_seed_draws_items_and_classes() -> None:
    assert stratified(LABELS, 12).tolist() == stratified(LABELS, 12).tolist()
    assert stratified(LABELS, 12).tolist() != stratified(LABELS, 12, seed=1).tolist()
    first = {int(LABELS[stratified(LABELS, 1, seed=seed)[0]]) for seed in range(20)}
    assert len(first) > 1  # fewer items than classes: which classes is drawn too
    places = {int(stratified(LABELS, 5, seed=seed)[0]) for seed in range(5)}
    assert len(places) > 1  # which of a class is drawn, not its first

"""The batch size that is chosen where none is given."""

import pytest

from lissom.config import EngineConfig
from lissom.engine.batch_size import resolve_batch_size


@pytest.mark.parametrize(("count", "parts", "expected"), [
    (50_000, 1, 128), (1_280, 1, 128), (1_279, 1, 64),  # the largest power of two within a tenth, at most 128
    (325, 1, 32), (46, 1, 8), (8, 1, 8),                # at least 8
    (7, 1, 4), (2, 1, 2), (1, 1, 1),                    # never more than there are
    (50_000, 3, 126), (46, 4, 8), (46, 6, 12),          # parts alike, two or more in each
    (9, 6, 6), (5, 6, 6),                               # of too few, one for each: refused by those who look
    (None, 1, 128), (None, 4, 128),                     # nobody knows how many there are
])  # fmt: skip
def test_the_batch_size_comes_from_the_number_of_samples(count: int | None, parts: int, expected: int) -> None:
    assert resolve_batch_size(EngineConfig(accumulate=parts), count).batch_size == expected


def test_a_batch_size_that_is_given_stays() -> None:
    given = EngineConfig(batch_size=6, accumulate=2)
    assert resolve_batch_size(given, 1_000) is given

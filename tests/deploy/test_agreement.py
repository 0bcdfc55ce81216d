"""How many samples a file and its network give the same class: counted sample by sample."""

import numpy as np
import pytest

from lissom.deploy.parity import closely

WANT = np.float32([[3, 1, 0], [0, 2, 1], [1, 0, 5], [4, 0, 1], [0, 1, 2]])


def test_samples_of_the_same_class_are_counted() -> None:
    got = WANT.copy()
    got[[0, 3]] = WANT[[0, 3]][:, ::-1]  # the first and the fourth now say the last class
    found = closely({"logits": got}, {"logits": WANT})
    assert (found.argmax_agree, found.n, found.reached) == (3, 5, False)
    assert found.largest_difference == 3
    assert found.tolerance == pytest.approx(5e-4)
    assert closely({"logits": WANT}, {"logits": WANT}).argmax_agree == 5


def test_a_sample_of_many_places_agrees_where_all_of_them_do() -> None:
    want = np.stack([WANT, WANT, WANT])[:, :, None]  # samples h w K
    got = want.copy()
    got[1, 4, 0] = want[1, 4, 0, ::-1]
    assert closely({"logits": got}, {"logits": want}).argmax_agree == 2


def test_the_first_output_decides_and_every_output_is_compared() -> None:
    want = {"logits": WANT, "other": WANT * 10}
    got = {"other": WANT[:, ::-1] * 10, "logits": WANT + np.float32(1e-6)}
    found = closely(got, want)
    assert (found.argmax_agree, found.largest_difference, found.tolerance) == (5, 40, pytest.approx(5e-3))

import random

import numpy as np
import torch

from lissom.engine.seeds import seed_everything, seed_part


def draws():
    return random.random(), np.random.rand(), torch.rand(()).item()


def test_the_same_seed_draws_the_same_from_all_three():
    seed_everything(5)
    first = draws()
    seed_everything(5)
    assert draws() == first


def test_a_seed_beyond_numpys_range_is_taken():
    seed_everything(2**40)
    first = draws()
    seed_everything(2**40 + 1)
    assert draws()[0] != first[0]


def test_each_seed_step_and_part_draws_its_own_whatever_came_before():
    seen = set()
    for key in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]:
        seed_part(*key)
        first = draws()
        seed_part(*key)
        assert draws() == first
        seen.add(first)
    assert len(seen) == 4
    assert len({draw for draws in seen for draw in draws}) == 12

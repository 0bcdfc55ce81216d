"""A stream knows batches of items and how to read one; who reads, and how many at a time, changes nothing."""

import os

import numpy as np
import pytest
import torch

from lissom.data.files import Unreadable
from lissom.data.stream import stream
from lissom.errors import DataError

BATCHES = [["a", "bb"], ["ccc"], ["dddd", "e", "ff"]]


def length(item: str) -> tuple[str, int]:
    return item, len(item)


def refuses_long(item: str) -> int:
    if len(item) > 1:
        error = Unreadable(f"{item} is long")
        error.name = f"{item}.jpg"
        raise error
    return len(item)


def fails(item: str) -> int:
    raise KeyError(item)


def process(item: str) -> int:
    return os.getpid()


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_come_in_order_whatever_their_items_and_results_are(workers: int) -> None:
    assert list(stream(BATCHES, length, workers=workers)) == [[length(item) for item in batch] for batch in BATCHES]


def test_the_workers_read() -> None:
    pids = {pid for batch in stream(BATCHES, process, workers=2) for pid in batch}
    assert len(pids) == 2
    assert os.getpid() not in pids


@pytest.mark.parametrize("workers", [0, 2])
def test_unreadable_files_of_a_batch_are_named_after_the_batches_before_it(workers: int) -> None:
    batches = stream([["a"], ["bb", "c", "dd"], ["e"]], refuses_long, workers=workers)
    assert next(batches) == [1]
    with pytest.raises(DataError) as raised:
        next(batches)
    assert raised.value.kind == "image-unreadable"
    assert raised.value.values == {"path": "bb.jpg, dd.jpg", "reason": "bb is long"}


@pytest.mark.parametrize("workers", [0, 2])
def test_another_error_keeps_its_kind(workers: int) -> None:
    with pytest.raises(KeyError, match="a"):
        next(stream([["a"]], fails, workers=workers))


@pytest.mark.parametrize("workers", [0, 2])
def test_the_random_numbers_of_the_training_are_left_alone(workers: int) -> None:
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # type: ignore[union-attr]
    list(stream(BATCHES, length, workers=workers))
    assert torch.get_rng_state().equal(before[0])
    assert np.random.get_state()[1].tolist() == before[1]  # type: ignore[union-attr]

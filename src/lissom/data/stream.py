"""Files read by worker processes while the network trains: what is read, and how, is the caller's."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

from lissom.data.files import Unreadable
from lissom.errors import DataError

T = TypeVar("T")
R = TypeVar("R")


def stream(items: Sequence[list[T]], read: Callable[[T], R], *, workers: int) -> Iterator[list[R]]:
    """What `read` gives for each item of each batch, in order, read ahead by `workers` processes (0: by this one).

    items: batches of whatever `read` takes. Both travel to the processes, so both pickle: `read` is a function of a
    module, a `partial` of one, or an object. It depends on nothing but its item, or answers vary with `workers`.
    Raises: DataError that names the files of a batch for which `read` raised Unreadable, and the first one's reason.
    """
    loader = DataLoader(
        _Reader(read),
        batch_sampler=items,
        num_workers=workers,
        collate_fn=_as_they_are,
        generator=torch.Generator().manual_seed(0),  # else the loader draws from the training's own random numbers
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on fork in a process with threads
        batches = iter(loader)
    for results, bad in batches:
        if bad:
            raise DataError("image-unreadable", path=", ".join(name for name, _ in bad), reason=bad[0][1])
        yield results


def _as_they_are(batch: Any) -> Any:
    return batch


class _Reader(Dataset[Any]):
    def __init__(self, read: Callable[[Any], Any]) -> None:
        self._read = read

    def __getitems__(self, items: list[Any]) -> tuple[list[Any], list[tuple[str, str]]]:
        """(results, unreadable files with reasons): an exception would lose its kind between processes."""
        results, bad = [], []
        for item in items:
            try:
                results.append(self._read(item))
            except Unreadable as error:
                bad.append((error.name, str(error)))
        return results, bad

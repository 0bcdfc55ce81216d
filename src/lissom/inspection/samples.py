"""What a task hands out for a look inside: a trained network, and pictures of known classes as it sees them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Samples:
    """A network with its best weights, in eval mode on its device, and `N` pictures of known classes."""

    network: str
    """Its label."""
    model: nn.Module
    class_names: tuple[str, ...]
    labels: NDArray[np.int64]
    """N, indices of the classes."""
    pixels: Callable[[NDArray[np.integer]], NDArray[np.uint8]]
    """Indices n -> n H W C, as people see them."""
    normalise: Callable[[NDArray[np.uint8]], Tensor]
    """n H W C -> n C H W, as the network takes them, on its device."""
    batches: Callable[[int], Iterable[Tensor]]
    """At most so many at a time -> B C H W, all of them in order."""
    heat: Callable[[Any, Sequence[int]], list[Tensor]] | None = None
    """What the model gives, and height and width of its input -> for each of its levels B h w: how sure it is that
    something is there, 0 to 1; None: it does not look for things at places."""

    def __len__(self) -> int:
        return len(self.labels)


def evenly(labels: NDArray[Any], most: int) -> NDArray[np.intp]:
    """Indices of at most `most`, as many of each class as there are: the first of each, then the second of each, ..."""
    order = np.argsort(labels, kind="stable")
    ordered = labels[order]
    rank = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)  # rank within the class
    return np.sort(order[np.lexsort((ordered, rank))[:most]])

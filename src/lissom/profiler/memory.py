"""What the operators of one run move, and how much of it is alive at once."""

from collections.abc import Iterable
from typing import NamedTuple
from weakref import ref

from torch import Tensor


class Traffic(NamedTuple):
    """Tensors read or written: elements, and bytes at their types."""

    elements: int
    bytes: int


def traffic(tensors: Iterable[Tensor]) -> Traffic:
    """Of several tensors; what an expanded tensor repeats lies in memory once."""
    elements = moved = 0
    for tensor in tensors:
        size = tensor.element_size()
        number = tensor.numel()
        if not tensor.is_contiguous():
            number = min(number, tensor.untyped_storage().nbytes() // size)
        elements += number
        moved += number * size
    return Traffic(elements, moved)


class Liveness:
    """Bytes of the given tensors that still exist; Python frees a meta tensor when it would free a real one."""

    def __init__(self) -> None:
        self.alive = 0
        self.peak = 0
        self._owners: dict[int, int] = {}  # storage -> tensors that show it
        self._watched: dict[int, ref] = {}  # tensor -> what calls `_gone` when it goes

    def add(self, tensor: Tensor, *, is_view: bool = False) -> None:
        """A tensor that came to be; a view of a storage that is not watched (a weight) is not watched either."""
        number = id(tensor)
        if number in self._watched:
            return
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if is_view and key not in self._owners:
            return
        if key not in self._owners:
            self.alive += size
            self.peak = max(self.peak, self.alive)
        self._owners[key] = self._owners.get(key, 0) + 1
        self._watched[number] = ref(tensor, lambda _: self._gone(number, key, size))

    def _gone(self, number: int, key: int, size: int) -> None:
        del self._watched[number]
        self._owners[key] -= 1
        if not self._owners[key]:
            del self._owners[key]
            self.alive -= size


def weight_bytes(tensors: Iterable[Tensor]) -> int:
    """Bytes of parameters and buffers; a storage that two of them share weighs once, and so does one listed twice."""
    unique = {tensor.untyped_storage()._cdata: tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(unique.values())

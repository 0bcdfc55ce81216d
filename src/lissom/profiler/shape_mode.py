"""Networks run on `meta` by the profiler's own rules of shapes: torch's take ten times as long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from lissom.profiler.known import flat, look_up, run


class _ShapesAlone(TorchDispatchMode):
    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(look_up(func, {}), func, args, kwargs or {}, flat(args))


@contextmanager
def shapes_alone() -> Iterator[None]:
    """Every operator on tensors without numbers gives the shape of its output and nothing else; no gradients."""
    with torch.no_grad(), _ShapesAlone():
        yield

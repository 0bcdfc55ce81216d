"""Shapes of the operators that light networks are made of.

torch knows them all, but has many of them in Python, behind its compiler: the first such call in a process imports that
and its algebra (four seconds), and each takes as long as ten of ours. What has no rule here, or is not plain (other
memory layouts, mixed types), goes to torch.
"""

from collections.abc import Callable, Sequence
from functools import cache
from math import ceil
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten
META = torch.device("meta")


def _like(x: Tensor, shape: Sequence[int] | torch.Size) -> Tensor:
    return torch.empty(shape, dtype=x.dtype, device=META)


def _same(x: Tensor, *_: Any) -> Tensor | None:
    return _like(x, x.shape) if x.is_floating_point() else None


def _itself(x: Tensor, *_: Any) -> Tensor:
    return x


@cache
def _nothing(dtype: torch.dtype) -> Tensor:
    return torch.empty(0, dtype=dtype, device=META)


def _batch_norm(x: Tensor, *rest: Any) -> tuple[Tensor, Tensor, Tensor] | None:
    training = rest[4]
    if training:
        return None
    return _like(x, x.shape), _nothing(x.dtype), _nothing(x.dtype)  # no statistics of the batch


def _broadcast(x: Any, y: Any, *_: Any) -> Tensor | None:
    """Elementwise with two tensors of one type, or with a number."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        return None
    if not isinstance(y, Tensor):
        return _like(x, x.shape)
    if x.dtype != y.dtype or x.dim() != y.dim():
        return None
    sides = []
    for a, b in zip(x.shape, y.shape, strict=True):
        if a != b and 1 not in (a, b):
            return None  # torch will say what is wrong
        sides.append(b if a == 1 else a)
    return _like(x, sides)


def _product(left: Tensor, right: Tensor) -> Tensor | None:
    """`... n k` times `... k m`, of any layout: the output is always plain."""
    if left.dtype != right.dtype or left.shape[:-2] != right.shape[:-2] or left.shape[-1] != right.shape[-2]:
        return None
    return _like(left, (*left.shape[:-1], right.shape[-1]))


def _sum_and_product(added: Tensor, left: Tensor, right: Tensor) -> Tensor | None:
    """With a bias for each column."""
    fits = added.dtype == left.dtype and added.shape == right.shape[-1:]
    return _product(left, right) if fits else None


def _convolution(x: Tensor, weight: Tensor, bias: Any, *rest: Any) -> Tensor | None:
    stride, padding, dilation, transposed, _, groups = rest
    if transposed or x.dim() != weight.dim() or x.dtype != weight.dtype or x.shape[1] != weight.shape[1] * groups:
        return None
    sides = []
    for n, (size, kernel) in enumerate(zip(x.shape[2:], weight.shape[2:], strict=True)):
        reach = _at(dilation, n) * (kernel - 1) + 1
        sides.append((size + 2 * _at(padding, n) - reach) // _at(stride, n) + 1)
    return _like(x, (x.shape[0], weight.shape[0], *sides)) if min(sides) > 0 else None


def _pooled(x: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> Tensor | None:
    if x.dim() != 4:
        return None
    sides = []
    for n, size in enumerate(x.shape[2:]):
        step, pad = _at(stride or kernel, n), _at(padding, n)
        room = size + 2 * pad - _at(dilation, n) * (_at(kernel, n) - 1) - 1
        side = (ceil(room / step) if ceil_mode else room // step) + 1
        if ceil_mode and (side - 1) * step >= size + pad:  # the last window must start inside
            side -= 1
        sides.append(side)
    return _like(x, (*x.shape[:2], *sides)) if min(sides) > 0 else None


def _average_pool(
    x: Tensor, kernel: Any, stride: Any = (), padding: Any = 0, ceil_mode: bool = False, *_: Any
) -> Tensor | None:
    return _pooled(x, kernel, stride, padding, 1, ceil_mode)


def _max_pool(
    x: Tensor, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> tuple[Tensor, Tensor] | None:
    return _with_indices(_pooled(x, kernel, stride, padding, dilation, ceil_mode))


def _with_indices(out: Tensor | None) -> tuple[Tensor, Tensor] | None:
    return None if out is None else (out, torch.empty(out.shape, dtype=torch.int64, device="meta"))


def _resized(x: Tensor, sides: Sequence[int], *_: Any) -> Tensor | None:
    plain = x.dim() == 4 and x.is_floating_point() and min(sides) > 0
    return _like(x, (*x.shape[:2], *sides)) if plain else None


def _adaptive_max_pool(x: Tensor, sides: Sequence[int]) -> tuple[Tensor, Tensor] | None:
    return _with_indices(_resized(x, sides))


def _reduced(x: Tensor, dims: Any, keep: bool = False) -> Tensor | None:
    if not dims or not x.is_floating_point():
        return None
    gone = {dim % x.dim() for dim in dims}
    sides = [1 if n in gone else size for n, size in enumerate(x.shape)]
    return _like(x, sides if keep else [size for n, size in enumerate(x.shape) if n not in gone])


def _concatenation(parts: Sequence[Tensor], dim: int = 0) -> Tensor | None:
    first, dim = parts[0], dim % parts[0].dim()
    rest = [[size for n, size in enumerate(x.shape) if n != dim] for x in parts]
    if any(x.dtype != first.dtype or not x.is_contiguous() for x in parts) or any(r != rest[0] for r in rest):
        return None
    sides = list(first.shape)
    sides[dim] = sum(x.shape[dim] for x in parts)
    return _like(first, sides)


def _at(values: Any, side: int) -> int:
    """One number may stand for all sides."""
    if isinstance(values, int):
        return values
    return values[side] if len(values) > 1 else values[0]


_SAME = "relu hardtanh hardswish hardsigmoid sigmoid silu gelu tanh elu leaky_relu clamp clamp_min"
_IN_PLACE = "relu_ hardtanh_ hardswish_ hardsigmoid_ sigmoid_ silu_"
_TWO = "add sub mul div"
PRODUCTS: dict[Any, Callable[..., Any]] = {
    aten.mm.default: _product,
    aten.bmm.default: _product,
    aten.addmm.default: _sum_and_product,
}
RULES: dict[Any, Callable[..., Any]] = {
    **{getattr(aten, name).default: _same for name in _SAME.split()},
    **{getattr(aten, name).default: _itself for name in _IN_PLACE.split()},
    **{getattr(aten, name).Tensor: _broadcast for name in _TWO.split()},
    aten.convolution.default: _convolution,
    aten.native_batch_norm.default: _batch_norm,
    aten.max_pool2d_with_indices.default: _max_pool,
    aten.avg_pool2d.default: _average_pool,
    aten.adaptive_max_pool2d.default: _adaptive_max_pool,
    aten.upsample_nearest2d.default: _resized,
    aten.mean.dim: _reduced,
    aten.amax.default: _reduced,
    aten.cat.default: _concatenation,
}

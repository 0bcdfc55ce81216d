"""Our shapes are torch's, for every operator that has a rule, and what has none is torch's own."""

import subprocess
import sys
from collections.abc import Iterable

import pytest
import torch
from torch import Tensor

from lissom.models import names
from lissom.profiler.known import flat, look_up, quick
from lissom.profiler.shapes import PRODUCTS, RULES
from models.zoo import OF_EACH_KIND

aten = torch.ops.aten


def of(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


def conv(shape: tuple, weight: tuple, stride: list, padding: list, dilation: list, groups: int = 1) -> tuple:
    return (of(*shape), of(*weight), None, stride, padding, dilation, False, [0] * len(stride), groups)


def norm(channels: int) -> tuple:
    return (of(2, channels, 5, 5), *(of(channels) for _ in range(4)), False, 0.1, 1e-5)


CALLS = [
    *[(operator, (of(2, 4, 5),)) for operator in RULES if str(operator).split(".")[1].strip("_") in
      {"relu", "hardtanh", "hardswish", "hardsigmoid", "sigmoid", "silu", "gelu", "tanh", "elu", "leaky_relu"}],
    (aten.clamp.default, (of(2, 3), 0, 6)),
    (aten.clamp_min.default, (of(2, 3), 0)),
    *[(operator.Tensor, (of(2, 4, 5, 5), of(*other)))
      for operator in (aten.add, aten.sub, aten.mul, aten.div)
      for other in ((2, 4, 5, 5), (2, 4, 1, 1), (1, 1, 5, 5))],
    (aten.mul.Tensor, (of(2, 3), 2)),
    (aten.convolution.default, conv((1, 3, 9, 11), (8, 3, 3, 5), [2, 1], [1, 2], [1, 1])),
    (aten.convolution.default, conv((2, 8, 9, 9), (8, 1, 3, 3), [2], [1], [2], 8)),
    (aten.convolution.default, conv((1, 4, 20), (6, 4, 3), [3], [0], [1])),
    (aten.convolution.default, conv((1, 1, 9, 8, 8), (8, 1, 7, 3, 3), [1], [0], [1])),
    (aten.native_batch_norm.default, norm(4)),
    (aten.mean.dim, (of(2, 4, 5, 5), [-1, -2], True)),
    (aten.mean.dim, (of(2, 4, 5, 5), [2, 3])),
    (aten.mean.dim, (of(2, 4, 5, 5), [1], True)),
    (aten.amax.default, (of(2, 4, 5, 5), [1], True)),
    (aten.amax.default, (of(2, 4, 5, 5), [-1, 2])),
    (aten.adaptive_max_pool2d.default, (of(2, 4, 5, 7), [1, 1])),
    (aten.adaptive_max_pool2d.default, (of(2, 4, 5, 7), [3, 2])),
    (aten.upsample_nearest2d.default, (of(2, 4, 5, 7), [10, 9])),
    (aten.cat.default, ([of(1, 3, 4), of(1, 5, 4)], 1)),
    (aten.cat.default, ([of(2, 4), of(3, 4)],)),
    (aten.mm.default, (of(3, 4), of(5, 4).t())),
    (aten.bmm.default, (of(2, 3, 4), of(2, 4, 6))),
    (aten.addmm.default, (of(6), of(3, 4), of(6, 4).t())),
    *[(pool, (of(1, 4, side, side + 3), kernel, stride, padding, *rest))
      for side in (7, 12, 13)
      for kernel, stride, padding in (([3, 3], [2, 2], [0]), ([3], [2], [1]), ([2, 3], [3, 1], [1, 1]), ([2], [], [0]))
      for pool, rest in ((aten.max_pool2d_with_indices.default, ([1, 1], True)),
                         (aten.max_pool2d_with_indices.default, ([1], False)),
                         (aten.max_pool2d_with_indices.default, ()),
                         (aten.avg_pool2d.default, (True,)), (aten.avg_pool2d.default, ()),
                         (aten.avg_pool2d.default, (False, False)))],
]  # fmt: skip


@pytest.mark.parametrize(("operator", "args"), CALLS, ids=lambda part: str(part)[:40])
def test_as_torch_says(operator, args: tuple) -> None:
    real = [on_cpu(arg) for arg in args]  # the meta device itself says otherwise of a norm's statistics
    ours, theirs = flat(((PRODUCTS | RULES)[operator](*args),)), flat((operator(*real),))
    assert ours
    assert [(x.shape, x.dtype, x.stride()) for x in ours] == [(x.shape, x.dtype, x.stride()) for x in theirs]
    assert all(x.device.type == "meta" for x in ours)


def on_cpu(value):
    if isinstance(value, Tensor):
        return torch.zeros_like(value, device="cpu")
    return [on_cpu(part) for part in value] if isinstance(value, list) else value


def test_every_rule_is_tested() -> None:
    assert {operator for operator, _ in CALLS} == set(RULES) | set(PRODUCTS)


@pytest.mark.parametrize(
    ("operator", "args"),
    [
        (aten.relu.default, (of(2, 3, 4, 4).to(memory_format=torch.channels_last),)),
        (aten.sigmoid.default, (of(3, dtype=torch.int64),)),
        (aten.add.Tensor, (of(2, 3), of(3))),
        (aten.add.Tensor, (of(2, 3), of(2, 3, dtype=torch.float64))),
        (aten.add.Tensor, (of(2, 3), of(2, 4))),
        (aten.convolution.default, conv((1, 3, 2, 2), (8, 3, 5, 5), [1, 1], [0, 0], [1, 1])),
        (aten.convolution.default, conv((1, 3, 9, 9), (8, 4, 3, 3), [1, 1], [0, 0], [1, 1])),
        (aten.addmm.default, (of(1, 6), of(3, 4), of(4, 6))),
        (aten.mm.default, (of(3, 4), of(5, 6))),
        (aten.cat.default, ([of(1, 3), of(2, 4)], 1)),
        (aten.exp.default, (of(2),)),
        (aten.amax.default, (of(2, 3), [])),
        (aten.adaptive_max_pool2d.default, (of(3, 5, 7), [1, 1])),
        (aten.native_batch_norm.default, (*norm(4)[:5], True, 0.1, 1e-5)),
    ],
    ids=lambda part: str(part)[:40],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_torch(operator, args: tuple) -> None:
    assert quick(look_up(operator, {}), args, flat(args)) is None


@pytest.mark.parametrize("which", [OF_EACH_KIND, pytest.param(names(), marks=pytest.mark.slow)], ids=["kinds", "every"])
def test_counting_imports_no_compiler(which: Iterable[str]) -> None:
    """torch's compiler and its algebra take four seconds to import, and no light network needs them to be counted."""
    code = (
        "import sys, torch; from lissom.models import build, entry; from lissom.profiler import count\n"
        f"for name in {sorted(which)}:\n"
        "    with torch.device('meta'):\n"
        "        network = build(name, **entry(name).small)\n"
        "    count(network, resolution=64)\n"
        "    assert not {'torch._dynamo', 'sympy'} & {*sys.modules}, name\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

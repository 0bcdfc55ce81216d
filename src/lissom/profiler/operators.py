"""What each ATen operator costs: a table from operator to a pure function of shapes.

By the convention that every profile states, an operator is counted (`MACS`), free and counted apart (`FREE`: norms,
activations, pooling, elementwise arithmetic), without arithmetic (views, copies, new tensors), or unknown. An unknown
one is reported, never skipped.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import prod
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from lissom.errors import UsageError
from lissom.models.own import is_own, named
from lissom.profiler.receptive import field_of

Shape = Sequence[int]
Rule = Callable[[Sequence[Any], Any], "Cost"]
OwnRule = Callable[[Sequence[Any], Any], float] | float


class Cost(NamedTuple):
    """One call of one operator; `macs` is None when the operator is unknown, `other` counts what is no MAC by kind."""

    kind: str
    macs: int | None
    other: Mapping[str, int] = MappingProxyType({})


def rule_of(operator: Any) -> Rule | None:
    """The cost of a call from its arguments' shapes and its output; None where there is no arithmetic at all."""
    name = operator.overloadpacket.__name__
    if operator.namespace != "aten":
        return _unknown
    if name in MACS:
        return MACS[name]
    plain = name.removesuffix("_")  # an in-place form costs what the other does
    if operator.is_view or plain in WITHOUT_ARITHMETIC or name in WITHOUT_ARITHMETIC:
        return None
    if plain in FREE:
        return FREE[plain]
    return _elementwise if torch.Tag.pointwise in operator.tags else _unknown


def own_rule(kind: str, rule: OwnRule) -> Rule:
    """Of whoever counts: MACs from arguments and output, or a number of them for each element that is put out."""

    def cost(args: Sequence[Any], out: Any) -> Cost:
        return Cost(kind, int(rule(args, out) if callable(rule) else rule * _size(out)))

    return cost


def parse_rules(words: Mapping[str, Any]) -> dict[str, OwnRule]:
    """Rules as they are typed or handed over, by the operators' names. Raises: UsageError for one that is none."""
    for name in words:
        if not all(name.split(".", 1)[:2]) or "." not in name:
            raise UsageError("rule-name", got=name)
    return {name: _parse_rule(name, rule) for name, rule in words.items()}


def _parse_rule(name: str, rule: Any) -> OwnRule:
    found = named(rule) if isinstance(rule, str) and is_own(rule) else rule
    if callable(found):
        return cast(OwnRule, found)
    try:
        number = float(rule)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise UsageError("rule-not-one", name=name, got=rule)
    return number


def _unknown(args: Sequence[Any], out: Any) -> "Cost":
    return Cost("unknown", None)


def convolution_macs(weight: Shape, in_map: Shape, out_map: Shape, *, batch: int = 1, transposed: bool = False) -> int:
    """`out_pixels x weights`; transposed, every input pixel is spread instead: `in_pixels x weights`.

    weight: out, in / groups, kernel...; transposed: in, out / groups, kernel... A map is the spatial shape alone.
    """
    return batch * prod(in_map if transposed else out_map) * prod(weight)


def _convolution(args: Sequence[Any], out: Tensor) -> Cost:
    x, weight, transposed, groups = args[0], args[1], bool(args[6]), args[8]
    spatial = weight.dim() - 2
    macs = convolution_macs(
        weight.shape, x.shape[-spatial:], out.shape[-spatial:], batch=x.shape[0], transposed=transposed
    )
    kind = convolution_kind(tuple(weight.shape), groups, transposed)
    return Cost(kind, macs, _bias(args[2] is not None, out))


def _bias(has_bias: bool, out: Tensor) -> dict[str, int]:
    return {"bias": out.numel()} if has_bias else {}


@cache
def convolution_kind(weight: Shape, groups: int, transposed: bool) -> str:
    """The layer's kind from the shape of its weight."""
    kernel = "x".join(str(side) for side in weight[2:])
    if transposed:
        return f"transposed conv {kernel}"
    if groups == 1:
        return "pointwise" if prod(weight[2:]) == 1 else f"conv {kernel}"
    return f"depthwise {kernel}" if weight[1] == 1 else f"grouped conv {kernel}"


def product_macs(left: Shape, right: Shape) -> int:
    """`... n k` times `... k m`: `... n m k`."""
    return prod(left) * right[-1]


def _product(kind: str, left: int, right: int) -> Rule:
    """The product of two of the arguments; where a third comes before them, it is added: a bias."""
    return lambda args, out: Cost(kind, product_macs(args[left].shape, args[right].shape), _bias(left > 0, out))


def _vector_product(matrix: int) -> Rule:
    return lambda args, out: Cost("matmul", args[matrix].numel(), _bias(matrix > 0, out))


def _linear(args: Sequence[Any], out: Tensor) -> Cost:
    has_bias = len(args) > 2 and args[2] is not None
    return Cost("linear", args[0].numel() * args[1].shape[0], _bias(has_bias, out))


def attention_macs(query: Shape, key: Shape, value: Shape) -> int:
    """`... L E`, `... S E`, `... S V`: scores `L S E` and their weighted sum `L S V`, for each batch and head."""
    return prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def _attention(args: Sequence[Any], out: Any) -> Cost:
    query, key, value = (part.shape for part in args[:3])
    return Cost("attention", attention_macs(query, key, value), {"activation": prod(query[:-1]) * key[-2]})  # softmax


MACS: dict[str, Rule] = {
    "convolution": _convolution,
    "_convolution": _convolution,  # in a traced network
    "linear": _linear,
    "addmm": _product("linear", 1, 2),
    "mm": _product("linear", 0, 1),  # what a fully connected layer without bias becomes
    "bmm": _product("matmul", 0, 1),
    "baddbmm": _product("matmul", 1, 2),
    "addbmm": _product("matmul", 1, 2),
    "mv": _vector_product(0),
    "addmv": _vector_product(1),
    "dot": _vector_product(0),
    "vdot": _vector_product(0),
    "_scaled_dot_product_flash_attention": _attention,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "_scaled_dot_product_efficient_attention": _attention,
    "_scaled_dot_product_cudnn_attention": _attention,
    "_scaled_dot_product_fused_attention_overrideable": _attention,
}


def _size(value: Any) -> int:
    """Elements of the first tensor in what an operator takes or gives."""
    if isinstance(value, Tensor):
        return value.numel()
    return next((_size(part) for part in value), 0) if isinstance(value, list | tuple) else 0


def _per_output(kind: str, operations: int = 1) -> Rule:
    return lambda args, out: Cost(kind, 0, {kind: operations * _size(out)})


def _per_input(args: Sequence[Any], out: Any) -> Cost:
    return Cost("pool", 0, {"pool": _size(args)})


def _windows(args: Sequence[Any], out: Any) -> Cost:
    """Every output pixel reads its window; one number may stand for all sides of it."""
    first = out[0] if isinstance(out, tuple) else out
    kernel = args[1] if len(args[1]) > 1 else list(args[1]) * (args[0].dim() - 2)
    return Cost("pool", 0, {"pool": first.numel() * prod(kernel)})


def _elementwise(args: Sequence[Any], out: Any) -> Cost:
    return Cost("elementwise", 0, {"elementwise": _size(out)})


def _multiplication(args: Sequence[Any], out: Tensor) -> Cost:
    """A map times a smaller or pooled map of the same image is gated: squeeze-and-excitation and its kin."""
    left, right = field_of(args[0]), field_of(args[1])
    gated = left and right and (args[0].shape != args[1].shape or left.pooled != right.pooled)
    return Cost("elementwise", 0, {"se" if gated else "elementwise": out.numel()})


# One operation per element that is put out. A batch norm's scale and shift are two; norms that measure their input
# themselves take five: two sums, difference, scale and shift.
_KINDS: list[tuple[Rule, str]] = [
    (
        _per_output("norm", 2),
        """batch_norm native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training
        _batch_norm_with_update _batch_norm_no_update cudnn_batch_norm _weight_norm_interface renorm""",
    ),
    (_per_output("norm", 5), "native_layer_norm native_group_norm _fused_rms_norm"),
    (
        _per_output("activation"),
        """relu hardtanh hardswish hardsigmoid sigmoid silu gelu mish elu celu selu leaky_relu prelu _prelu_kernel
        rrelu_with_noise softplus log_sigmoid_forward tanh glu _softmax _log_softmax _safe_softmax hardshrink
        softshrink threshold""",
    ),
    (
        _per_input,
        """mean sum amax amin max min argmax argmin adaptive_avg_pool2d _adaptive_avg_pool2d adaptive_avg_pool3d
        _adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d std var var_mean std_mean cumsum prod any all
        topk sort norm linalg_vector_norm""",
    ),
    (_windows, "avg_pool2d avg_pool3d max_pool2d_with_indices max_pool3d_with_indices"),
    (_per_output("resize", 2), "upsample_linear1d"),
    (_per_output("resize", 4), "upsample_bilinear2d _upsample_bilinear2d_aa grid_sampler_2d"),
    (_per_output("resize", 8), "upsample_trilinear3d grid_sampler_3d"),
    (_per_output("resize", 16), "upsample_bicubic2d _upsample_bicubic2d_aa"),
    (_elementwise, "col2im native_dropout dropout bernoulli uniform normal rsub"),
    (_multiplication, "mul"),
]
FREE: dict[str, Rule] = {name: rule for rule, names in _KINDS for name in names.split()}

_MOVEMENTS = """cat stack copy clone contiguous _to_copy _reshape_alias _unsafe_view reshape empty empty_like
empty_strided new_empty new_empty_strided new_zeros new_ones new_full zeros zeros_like ones ones_like full full_like
scalar_tensor arange linspace eye fill zero lift lift_fresh lift_fresh_copy detach constant_pad_nd reflection_pad1d
reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d index index_select gather
scatter index_put embedding masked_fill repeat roll flip pixel_shuffle pixel_unshuffle channel_shuffle im2col
upsample_nearest1d upsample_nearest2d upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d
_upsample_nearest_exact3d as_strided transpose t squeeze unsqueeze swapaxes swapdims unsafe_split
unsafe_split_with_sizes tril triu rot90 unfold_copy select_scatter slice_scatter split_with_sizes_copy resize set_"""
WITHOUT_ARITHMETIC = frozenset(_MOVEMENTS.split())

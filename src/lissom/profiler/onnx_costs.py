"""What each ONNX operator costs, from the shapes of what it takes and gives: the convention of `operators`."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from lissom.profiler.operators import Cost, OwnRule, convolution_kind, convolution_macs

Shape = tuple[int, ...]


class Node(NamedTuple):
    """One node with the shapes of one run; () where an optional input is left out."""

    name: str
    operator: str  # with its domain, where that is not ONNX's own
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    taken: Sequence[Shape]
    given: Sequence[Shape]
    constant: Sequence[bool]  # whether an input is a weight


class Graph(NamedTuple):
    """What a file holds."""

    file: Path
    proto: Any  # `onnx.ModelProto`, every node with a name of its own
    feed: Mapping[str, Any]  # arrays of zeros, a batch of one
    nodes: tuple[Node, ...]
    sizes: Mapping[str, tuple[Shape, int]]  # of every tensor: shape, and bytes of an element
    weights: Mapping[str, int]  # numbers in each, also where they go through nodes that only rearrange or rescale


_THROUGH = "DequantizeLinear QuantizeLinear Cast Identity Transpose Reshape Unsqueeze"
CONSTANTS_THROUGH = frozenset(_THROUGH.split())
_SETTINGS = "Resize Upsample Clip Pad Slice Expand Tile OneHot Range ReduceSum ReduceMean TopK"
# What is a weight of an operator that also takes scales, zero points, sizes or running statistics.
WEIGHTS: dict[str, tuple[int, ...]] = {
    "BatchNormalization": (1, 2),
    "QLinearConv": (3, 8),
    "QLinearMatMul": (3,),
    "ConvInteger": (1,),
    "MatMulInteger": (1,),
    **dict.fromkeys(_SETTINGS.split(), ()),
}
Rule = Callable[[Node], Cost]


def cost(node: Node, rules: Mapping[str, OwnRule]) -> Cost | None:
    """None where there is no arithmetic; `macs` is None where the operator is unknown.

    rules: of whoever counts, by operator: a number of MACs for each element put out, or of the shapes taken and given.
    """
    own = rules.get(qualified(node.operator))
    if own is not None:
        number = own(node.taken, node.given[0]) if callable(own) else own * prod(node.given[0])
        return Cost(node.operator, int(number))
    if node.operator in MOVEMENTS:
        return None
    rule = RULES.get(node.operator)
    return rule(node) if rule else Cost("unknown", None)


def qualified(operator: str) -> str:
    """The name by which an operator is listed and given a rule."""
    return operator if "." in operator else f"onnx.{operator}"


def _convolution(weight: int, bias: int, transposed: bool = False) -> Rule:
    def rule(node: Node) -> Cost:
        x, w, out = node.taken[0], node.taken[weight], node.given[0]
        macs = convolution_macs(w, x[2:], out[2:], batch=x[0], transposed=transposed)
        kind = convolution_kind(w, node.attributes.get("group", 1), transposed)
        return Cost(kind, macs, {"bias": prod(out)} if _has(node, bias) else {})

    return rule


def _product(left: int, right: int, bias: int = -1) -> Rule:
    """`... n k` times `... k m`."""

    def rule(node: Node) -> Cost:
        depth = node.taken[left][0 if node.attributes.get("transA") else -1]
        other = {"bias": prod(node.given[0])} if bias > 0 and _has(node, bias) else {}
        return Cost("linear" if node.constant[right] else "matmul", prod(node.given[0]) * depth, other)

    return rule


def _recurrent(node: Node) -> Cost:
    steps, batch = node.taken[0][:2]
    return Cost("linear", steps * batch * (prod(node.taken[1]) + prod(node.taken[2])))


def _has(node: Node, index: int) -> bool:
    return len(node.inputs) > index and bool(node.inputs[index])


def _per_output(kind: str, operations: int = 1) -> Rule:
    return lambda node: Cost(kind, 0, {kind: operations * prod(node.given[0])})


def _per_input(node: Node) -> Cost:
    return Cost("pool", 0, {"pool": prod(node.taken[0])})


def _windows(node: Node) -> Cost:
    return Cost("pool", 0, {"pool": prod(node.given[0]) * prod(node.attributes["kernel_shape"])})


_WITH_MACS: dict[str, Rule] = {
    "Conv": _convolution(1, 2),
    "ConvInteger": _convolution(1, 99),
    "QLinearConv": _convolution(3, 8),
    "ConvTranspose": _convolution(1, 2, transposed=True),
    "Gemm": _product(0, 1, 2),
    "MatMul": _product(0, 1),
    "MatMulInteger": _product(0, 1),
    "QLinearMatMul": _product(0, 3),
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
}
_KINDS: list[tuple[Rule, str]] = [
    (_per_output("norm", 2), "BatchNormalization"),
    (_per_output("norm", 5), "LayerNormalization InstanceNormalization GroupNormalization RMSNormalization LRN"),
    (
        _per_output("activation"),
        """Relu LeakyRelu PRelu Clip Sigmoid HardSigmoid HardSwish Swish Tanh Softmax LogSoftmax Gelu Erf Elu Selu Celu
        Softplus Softsign Mish ThresholdedRelu Hardmax""",
    ),
    (
        _per_input,
        """GlobalAveragePool GlobalMaxPool ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2
        ReduceSumSquare ReduceLogSumExp ArgMax ArgMin TopK CumSum LpNormalization""",
    ),
    (_windows, "MaxPool AveragePool LpPool"),
    (_per_output("resize", 4), "Resize Upsample GridSample"),
    (
        _per_output("elementwise"),
        """Add Sub Mul Div Pow Sqrt Exp Log Neg Abs Min Max Sum Mean Where Equal Greater GreaterOrEqual Less LessOrEqual
        Not And Or Xor Floor Ceil Round Sign Reciprocal Mod Sin Cos IsNaN QuantizeLinear DequantizeLinear
        DynamicQuantizeLinear""",
    ),
]
RULES = _WITH_MACS | {name: rule for rule, names in _KINDS for name in names.split()}
VIEWS = frozenset(["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Shape", "Size", "Constant"])
_MOVEMENTS = """Transpose Concat Split Slice Pad Gather GatherElements GatherND ScatterElements ScatterND Expand Tile
Cast CastLike DepthToSpace SpaceToDepth ConstantOfShape Range OneHot NonZero Trilu EyeLike ReverseSequence"""
MOVEMENTS = VIEWS | frozenset(_MOVEMENTS.split())

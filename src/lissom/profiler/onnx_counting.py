"""What an ONNX file costs, node by node, by the convention that every profile states."""

from collections.abc import Mapping
from math import prod

from lissom.messages import text
from lissom.profiler.figures import LayerCost, ModuleCost, Profile
from lissom.profiler.onnx_costs import CONSTANTS_THROUGH, VIEWS, WEIGHTS, Graph, Node, cost, qualified
from lissom.profiler.operators import Cost, OwnRule


def count_graph(graph: Graph, rules: Mapping[str, OwnRule] | None = None) -> Profile:
    """The nodes that compute, move data or hold weights, in the file's order. rules: by `onnx.Operator`."""
    spent = {node.name: cost(node, rules or {}) for node in graph.nodes}
    parameters = _parameters(graph)
    rows = [_layer(graph, node, spent[node.name], parameters[node.name]) for node in graph.nodes]
    layers = tuple(row for row in rows if row.macs or row.parameters or row.other or row.memory_access)
    whole = _whole(layers)
    sums = {key: value for key, value in vars(whole).items() if key not in ("name", "module", "depth")}
    held = {one.name for one in graph.proto.graph.initializer}
    return Profile(
        **sums,
        peak_memory_bytes=_peak(graph, held),
        weight_bytes=sum(_bytes(graph, name) for name in held),
        receptive_field=None,
        input_shape=next(iter(graph.feed.values())).shape if graph.feed else (),
        input_shapes=tuple(array.shape for array in graph.feed.values()),
        convention=text("profiler.convention"),
        layers=layers,
        modules=(whole,),
        ruled=tuple(sorted({qualified(node.operator) for node in graph.nodes} & (rules or {}).keys())),
        unknown=tuple(sorted({qualified(n.operator) for n in graph.nodes if (s := spent[n.name]) and s.macs is None})),
    )


def _layer(graph: Graph, node: Node, spent: Cost | None, parameters: int) -> LayerCost:
    macs = (spent.macs or 0) if spent else 0
    moves = node.operator not in VIEWS and not _is_constant(graph, node)
    read, written = (
        {n for n in names if n in graph.sizes} if moves else set() for names in (node.inputs, node.outputs)
    )
    bytes_read, bytes_written = (sum(_bytes(graph, name) for name in names) for names in (read, written))
    return LayerCost(
        name=node.name,
        kind=spent.kind if spent else "movement",
        module=node.operator,
        depth=1,
        calls=1,
        input_shape=node.taken[0] if node.taken else (),
        output_shape=node.given[0],
        parameters=parameters,
        macs=macs,
        other={} if _is_constant(graph, node) or not spent else dict(spent.other),
        activations=prod(node.given[0]) if macs else 0,
        memory_access=sum(prod(graph.sizes[name][0]) for name in read | written),
        bytes_read=bytes_read,
        bytes_written=bytes_written,
        intensity=macs / max(1, bytes_read + bytes_written),
        receptive_field=None,
    )


def _is_constant(graph: Graph, node: Node) -> bool:
    """Whether it only makes weights: dequantises or rearranges them, which a runtime does once."""
    return node.operator == "Constant" or (node.operator in CONSTANTS_THROUGH and node.outputs[0] in graph.weights)


def _parameters(graph: Graph) -> dict[str, int]:
    """Of each node: the weights that it is the first to use."""
    seen: set[str] = set()
    own = {}
    for node in graph.nodes:
        indices = WEIGHTS.get(node.operator, range(len(node.inputs)))
        used = {node.inputs[index] for index in indices if index < len(node.inputs)} & graph.weights.keys()
        passes = _is_constant(graph, node)
        own[node.name] = 0 if passes else sum(graph.weights[name] for name in used - seen)
        seen |= set() if passes else used
    return own


def _whole(layers: tuple[LayerCost, ...]) -> ModuleCost:
    other: dict[str, int] = {}
    for layer in layers:
        for kind, number in layer.other.items():
            other[kind] = other.get(kind, 0) + number
    keys = ("parameters", "macs", "activations", "memory_access", "bytes_read", "bytes_written")
    sums = {key: sum(getattr(layer, key) for layer in layers) for key in keys}
    return ModuleCost(name="", module="ONNX", depth=0, other=other, **sums)


def _peak(graph: Graph, held: set[str]) -> int:
    """The most that inputs and maps hold at once, each until the last node that takes it; views share their map."""
    kept = {output.name for output in graph.proto.graph.output}
    last = {name: number for number, node in enumerate(graph.nodes) for name in node.inputs if name not in kept}
    alive = {name: _bytes(graph, name) for name in graph.feed}
    peak = sum(alive.values())
    for number, node in enumerate(graph.nodes):
        made = [] if node.operator in VIEWS or _is_constant(graph, node) else node.outputs
        alive |= {name: _bytes(graph, name) for name in made if name not in held}
        if node.operator in VIEWS and node.inputs and node.inputs[0] in alive:
            alive[node.outputs[0]] = alive.pop(node.inputs[0])
        peak = max(peak, sum(alive.values()))
        for name in [name for name in alive if last.get(name, -1 if name not in kept else number + 1) <= number]:
            del alive[name]
    return peak


def _bytes(graph: Graph, name: str) -> int:
    shape, size = graph.sizes.get(name, ((), 0))
    return prod(shape) * size

"""An ONNX file as nodes with shapes: it is run once, node by node, on zeros."""

import itertools
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from lissom.errors import DataError, UsageError
from lissom.models.own import RESOLUTION
from lissom.profiler.onnx_costs import CONSTANTS_THROUGH, Graph, Node, Shape


def read_graph(file: Path, shapes: Sequence[Shape] = (), *, resolution: int | None, in_channels: int | None) -> Graph:
    """shapes: of the inputs, without the batch, where the file leaves them open or takes any.

    Raises: DataError for what is no ONNX file or does not run, UsageError for sizes that the file does not take.
    """
    for name, value in (("resolution", resolution), ("in_channels", in_channels)):
        if value is not None and value < 1:
            raise UsageError("profile-input", name=name, got=value)
    if not file.is_file():
        raise DataError("onnx-unreadable", path=file, reason="no such file")
    try:
        proto = onnx.load(str(file))
        feed = _feed(proto, shapes, resolution, in_channels)
        seen = _seen(proto, feed)
    except (UsageError, DataError):
        raise
    except Exception as error:  # onnx and ONNX Runtime raise classes of their own that share no ancestor
        raise DataError("onnx-unreadable", path=file, reason=str(error).split("\n")[0]) from error
    arrays = {one.name: onnx.numpy_helper.to_array(one) for one in proto.graph.initializer} | feed | seen
    sizes = {name: (array.shape, array.dtype.itemsize) for name, array in arrays.items()}
    weights = _weights(proto)
    nodes = tuple(_node(node, sizes, weights) for node in proto.graph.node)
    return Graph(file, proto, feed, nodes, sizes, weights)


def session(proto: onnx.ModelProto, threads: int = 1, **settings: Any) -> onnxruntime.InferenceSession:
    """On the CPU; settings are those of `SessionOptions`."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    for name, value in settings.items():
        setattr(options, name, value)
    return onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _seen(proto: onnx.ModelProto, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What every node gives; the nodes get names where they have none."""
    names: set[str] = set()
    for number, node in enumerate(proto.graph.node):
        node.name = node.name if node.name and node.name not in names else f"{node.op_type}_{number}"
        names.add(node.name)
    open_graph = onnx.ModelProto()
    open_graph.CopyFrom(proto)
    known = {output.name for output in proto.graph.output}
    inner = [name for node in proto.graph.node for name in node.output if name and name not in known]
    open_graph.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in inner)
    plain = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    running = session(open_graph, graph_optimization_level=plain)
    found = dict(zip([output.name for output in running.get_outputs()], running.run(None, dict(feed)), strict=True))
    return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}


def _feed(
    proto: onnx.ModelProto, shapes: Sequence[Shape], resolution: int | None, in_channels: int | None
) -> dict[str, np.ndarray]:
    held = {one.name for one in proto.graph.initializer}
    inputs = [one for one in proto.graph.input if one.name not in held]
    if shapes and len(shapes) != len(inputs):
        raise UsageError("onnx-inputs", got=len(shapes), expected=", ".join(one.name for one in inputs))
    feed = {}
    for number, one in enumerate(inputs):
        tensor = one.type.tensor_type
        fixed = [side.dim_value or None for side in tensor.shape.dim]
        wanted = [None, *shapes[number]] if shapes else _image(len(fixed), resolution, in_channels)
        usual = [1, 3, RESOLUTION, RESOLUTION] if len(fixed) == 4 and not shapes else [1]
        pairs = list(itertools.zip_longest(fixed, wanted))
        sides = [have or want or default for (have, want), default in itertools.zip_longest(pairs, usual)]
        if len(wanted) != len(fixed) or None in sides or any(have and want and have != want for have, want in pairs):
            raise UsageError("onnx-size", name=one.name, fixed=_words(fixed), got=_words(wanted))
        feed[one.name] = np.zeros(sides, onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    return feed


def _image(sides: int, resolution: int | None, in_channels: int | None) -> list[int | None]:
    """What was said of an input: of an image alone."""
    return [None, in_channels, resolution, resolution] if sides == 4 else [None] * sides


def _words(sides: Sequence[int | None]) -> str:
    return "x".join("?" if side is None else str(side) for side in sides)


def _weights(proto: onnx.ModelProto) -> dict[str, int]:
    made = {node.output[0]: onnx.numpy_helper.to_array(value.t) for node, value in _constants(proto)}
    held = {one.name: onnx.numpy_helper.to_array(one) for one in proto.graph.initializer} | made
    found = {
        name: prod(array.shape) for name, array in held.items() if array.ndim and array.dtype not in (np.int64, bool)
    }
    for node in proto.graph.node:
        if node.op_type in CONSTANTS_THROUGH and node.input[0] in found:
            found[node.output[0]] = found[node.input[0]]
    return found


def _constants(proto: onnx.ModelProto) -> list[tuple[onnx.NodeProto, onnx.AttributeProto]]:
    constants = [node for node in proto.graph.node if node.op_type == "Constant"]
    return [(node, value) for node in constants for value in node.attribute if value.name == "value"]


def _node(node: onnx.NodeProto, sizes: Mapping[str, tuple[Shape, int]], weights: Mapping[str, int]) -> Node:
    nothing = ((), 0)
    return Node(
        name=node.name,
        operator=node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}",
        inputs=tuple(node.input),
        outputs=tuple(node.output),
        attributes={one.name: onnx.helper.get_attribute_value(one) for one in node.attribute},
        taken=[sizes.get(name, nothing)[0] for name in node.input],
        given=[sizes.get(name, nothing)[0] for name in node.output],
        constant=[name in weights for name in node.input],
    )

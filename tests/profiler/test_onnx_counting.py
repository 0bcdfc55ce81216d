"""ONNX files, node by node: the formula stands beside each figure."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import lissom
from lissom.cli.main import run
from lissom.errors import DataError, UsageError
from lissom.models.resolve import ModelRequest
from lissom.profiler.figures import Profile
from lissom.profiler.measured import Measuring, measure
from lissom.profiler.onnx_costs import Graph, Node
from lissom.profiler.onnx_counting import count_graph
from lissom.profiler.onnx_graph import read_graph
from lissom.profiler.onnx_timing import owner
from lissom.profiler.profiling import profile_models

Made = tuple[str, Sequence[str], str, dict[str, Any]]  # operator, inputs, output, attributes


def written(
    file: Path, image: Sequence[int | str], nodes: Sequence[Made], weights: dict[str, np.ndarray], kind: int = 1
) -> Path:
    made = [helper.make_node(op, list(taken), [given], name=given, **how) for op, taken, given, how in nodes]
    graph = helper.make_graph(
        made,
        "net",
        [helper.make_tensor_value_info("x", kind, list(image))],
        [helper.make_empty_tensor_value_info(nodes[-1][2])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(file))
    return file


def of(*shape: int) -> np.ndarray:
    return np.full(shape, 0.1, np.float32)


NET: list[Made] = [
    ("Conv", ["x", "w", "b"], "conv", {"pads": [1, 1, 1, 1]}),
    ("BatchNormalization", ["conv", "scale", "shift", "mean", "var"], "norm", {}),
    ("Clip", ["norm", "least", "most"], "act", {}),
    ("Conv", ["act", "dw"], "depthwise", {"group": 8, "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("MaxPool", ["depthwise"], "windows", {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("GlobalAveragePool", ["windows"], "pooled", {}),
    ("Flatten", ["pooled"], "flat", {}),
    ("Gemm", ["flat", "fc", "fcb"], "out", {"transB": 1}),
]
WEIGHTS = {
    "w": of(8, 3, 3, 3), "b": of(8), "scale": of(8), "shift": of(8), "mean": of(8), "var": of(8), "least": of(),
    "most": np.array(6, np.float32), "dw": of(8, 1, 3, 3), "fc": of(5, 8), "fcb": of(5),
}  # fmt: skip


@pytest.fixture
def net(tmp_path: Path) -> Path:
    return written(tmp_path / "net.onnx", ["batch", 3, "h", "w"], NET, WEIGHTS)


def counted(file: Path, shapes: Sequence[tuple[int, ...]] = (), rules: Any = None, **sizes: Any) -> Profile:
    return count_graph(graph(file, shapes, **sizes), rules)


def graph(file: Path, shapes: Sequence[tuple[int, ...]] = (), **sizes: Any) -> Graph:
    return read_graph(file, shapes, **{"resolution": None, "in_channels": None, **sizes})


def test_every_node_has_its_kind_shape_weights_and_macs(net: Path) -> None:
    found = counted(net, resolution=16)
    assert [(row.name, row.kind, row.output_shape, row.parameters, row.macs) for row in found.layers] == [
        ("conv", "conv 3x3", (1, 8, 16, 16), 8 * 27 + 8, 256 * 8 * 27),
        ("norm", "norm", (1, 8, 16, 16), 8 + 8, 0),  # running statistics are none
        ("act", "activation", (1, 8, 16, 16), 0, 0),  # nor are limits
        ("depthwise", "depthwise 3x3", (1, 8, 8, 8), 8 * 9, 64 * 8 * 9),
        ("windows", "pool", (1, 8, 4, 4), 0, 0),
        ("pooled", "pool", (1, 8, 1, 1), 0, 0),
        ("out", "linear", (1, 5), 5 * 8 + 5, 5 * 8),
    ]
    assert found.macs == 256 * 8 * 27 + 64 * 8 * 9 + 40
    assert found.parameters == 224 + 16 + 72 + 45
    assert found.other == {"bias": 8 * 256 + 5, "norm": 2 * 8 * 256, "activation": 8 * 256, "pool": 4 * 128 + 128}
    assert (found.input_shapes, found.unknown) == (((1, 3, 16, 16),), ())
    assert found.weight_bytes == 4 * sum(array.size for array in WEIGHTS.values())
    assert found.peak_memory_bytes == 4 * 2 * 8 * 256  # a map before and after the norm
    assert found.layers[0].bytes_read == 4 * (3 * 256 + 224)
    assert found.activations == 8 * 256 + 8 * 64 + 5


def test_open_sizes_are_those_of_a_photo_unless_they_are_given(net: Path, tmp_path: Path) -> None:
    assert counted(net).input_shape == (1, 3, 224, 224)
    assert counted(net, [(3, 8, 12)]).input_shape == (1, 3, 8, 12)
    fixed = written(tmp_path / "fixed.onnx", [1, 3, 16, 16], NET, WEIGHTS)
    assert counted(fixed).macs == counted(net, resolution=16).macs
    for sizes in ({"resolution": 8}, {"in_channels": 4}, {"shapes": [(3, 16)]}, {"shapes": [(3, 16, 16), (2,)]}):
        with pytest.raises(UsageError, match=r"input (x|shapes)"):
            counted(fixed, **sizes)


def test_quantised_weights_are_those_of_the_node_that_uses_them(tmp_path: Path) -> None:
    nodes: list[Made] = [
        ("QuantizeLinear", ["x", "s", "z"], "q", {}),
        ("DequantizeLinear", ["q", "s", "z"], "dq", {}),
        ("DequantizeLinear", ["w8", "s", "z8"], "w", {}),
        ("Conv", ["dq", "w"], "conv", {}),
        ("MatMul", ["conv", "m"], "out", {}),
    ]
    weights = {
        "s": of(), "z": np.array(0, np.uint8), "z8": np.array(0, np.int8), "w8": np.ones((4, 3, 1, 1), np.int8),
        "m": of(8, 6),
    }  # fmt: skip
    found = counted(written(tmp_path / "q.onnx", [1, 3, 8, 8], nodes, weights))
    assert [(row.name, row.kind, row.parameters, row.macs) for row in found.layers] == [
        ("q", "elementwise", 0, 0),
        ("dq", "elementwise", 0, 0),
        ("conv", "pointwise", 12, 64 * 12),
        ("out", "linear", 48, 4 * 8 * 6 * 8),
    ]


def test_products_of_maps_whole_numbers_and_recurrent_layers(tmp_path: Path) -> None:
    nodes: list[Made] = [
        ("Gather", ["table", "x"], "words", {}),
        ("Transpose", ["words"], "turned", {"perm": [0, 2, 1]}),
        ("MatMul", ["words", "turned"], "scores", {}),
        ("LSTM", ["words", "w", "r"], "out", {"hidden_size": 2}),
    ]
    weights = {"table": of(10, 6), "w": of(1, 8, 6), "r": of(1, 8, 2)}
    found = counted(written(tmp_path / "ids.onnx", ["n", "t"], nodes, weights, kind=7), [(7,)])
    assert [(row.kind, row.parameters, row.macs) for row in found.layers] == [
        ("movement", 60, 0),
        ("movement", 0, 0),
        ("matmul", 0, 7 * 7 * 6),
        ("linear", 48 + 16, 7 * (48 + 16)),
    ]


def test_unknown_operators_are_named_and_get_a_rule(tmp_path: Path) -> None:
    file = written(tmp_path / "u.onnx", [1, 1, 4, 4], [("Det", ["x"], "out", {})], {})
    assert counted(file).unknown == ("onnx.Det",)
    assert (counted(file, rules={"onnx.Det": 30}).macs, counted(file, rules={"onnx.Det": 30}).unknown) == (30, ())
    assert counted(file, rules={"onnx.Det": 30, "onnx.Nothing": 1}).ruled == ("onnx.Det",)
    assert counted(file, rules={"onnx.Det": lambda taken, given: taken[0][-1] ** 3}).macs == 64


def test_the_verb_and_the_command_take_a_file(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = lissom.profile(str(net), resolution=16)
    assert (found["network"], found["macs"], found["resolution"], found["in_channels"]) == ("net.onnx", 59944, 16, 3)
    assert run(["profile", str(net), "--input-shape", "3x16x16", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["macs"] == 59944


@pytest.mark.parametrize(("words", "code"), [(["--width", "0.5"], 2), (["--fused"], 2), (["--resolution", "0"], 2)])
def test_what_a_file_cannot_be_told_is_refused(net: Path, words: list[str], code: int) -> None:
    assert run(["profile", str(net), *words]) == code


def test_no_file_and_no_network_in_it_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no network", encoding="utf-8")
    for name in ("none.onnx", "text.onnx"):
        with pytest.raises(DataError, match=name):
            profile_models([ModelRequest(model=str(tmp_path / name))])


def test_a_file_is_timed_by_node(net: Path) -> None:
    how = Measuring(repeats=5, warmup=1, batch=2)
    found = measure({"net": graph(net, resolution=16)}, how)["net"]
    assert found.layers
    assert found.latency.median_ms > 0
    assert {"conv", "depthwise", "out"} <= set(found.layers.by_name)
    assert all(time.median_ms >= 0 for time in found.layers.by_name.values())


def test_a_timed_node_is_found_among_those_that_are_fused_into_it() -> None:
    def node(name: str, operator: str, *taken: str) -> Node:
        return Node(name, operator, taken, (f"{name}_out",), {}, [], [], [])

    nodes = [
        node("first", "Conv", "x"),
        node("side", "Conv", "x"),
        node("sum", "Add", "first_out", "side_out"),
        node("act", "Relu", "sum_out"),
    ]
    made = {name: each for each in nodes for name in each.outputs}

    def found(name: str, operator: str) -> str | None:
        one = owner(name, operator, nodes, made)
        return one.name if one else None

    assert found("first", "Conv") == "first"
    assert found("act", "Relu") == "act"
    assert found("act_out", "Conv") == "side"
    assert found("first_out", "Conv") == "first"
    assert found("ReorderOutput", "ReorderOutput") is None
    assert found("act_out", "Gemm") is None

"""Latency of an ONNX file in ONNX Runtime on the CPU, and of its nodes with what the runtime fuses into them."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lissom.profiler.layer_times import HookCost, LayerTime, LayerTimes, layer_times, summary
from lissom.profiler.onnx_costs import Graph, Node
from lissom.profiler.onnx_graph import session

FREE = HookCost(0.0, 0.0)
END = "_kernel_time"
DEEPEST = 6  # nodes that are fused into one


class TimedFile:
    """A file that takes turns with other networks; `forward` and `by_layer` are one inference each."""

    def __init__(self, graph: Graph, *, threads: int, batch: int) -> None:
        generator = np.random.default_rng(0)
        self.feed = {name: _real(generator, x, batch) for name, x in graph.feed.items()}
        self._folder = tempfile.TemporaryDirectory()
        self._whole = session(graph.proto, threads)
        prefix = str(Path(self._folder.name) / "nodes")
        self._nodes = session(graph.proto, threads, enable_profiling=True, profile_file_prefix=prefix)
        self._graph = graph

    def forward(self) -> None:
        """One inference."""
        self._whole.run(None, self.feed)

    def by_layer(self) -> None:
        """One inference, whose nodes are timed."""
        self._nodes.run(None, self.feed)

    def layers(self, *, skip: int, disturbed: bool) -> LayerTimes:
        """The times of the nodes, over all runs but the first `skip`; once.

        A node that is fused into another has no time of its own, and what the runtime adds belongs to none.
        """
        events = json.loads(Path(self._nodes.end_profiling()).read_text(encoding="utf-8"))
        self._folder.cleanup()
        made = {name: node for node in self._graph.nodes for name in node.outputs}
        spent: dict[str, list[float]] = defaultdict(list)
        for event in events:
            if event.get("cat") == "Node" and event["name"].endswith(END):
                name = event["name"].removesuffix(END).removeprefix("fused ").removesuffix("_nchwc")
                node = owner(name, event["args"]["op_name"].removeprefix("Fused"), self._graph.nodes, made)
                if node:
                    spent[node.name].append(event["dur"] / 1e3)
        times: dict[str, LayerTime] = {name: summary([(ms, 1) for ms in found[skip:]]) for name, found in spent.items()}
        return layer_times(times, FREE, disturbed=disturbed)

    def memory(self) -> dict[str, Any]:
        """Not taken."""
        return {}


def owner(name: str, operator: str, nodes: Sequence[Node], made: Mapping[str, Node]) -> Node | None:
    """The node of the file that a timed one stands for: of its name, or, where others are fused into it, which give the
    last one's output its name, the nearest before that; of two that an addition joins, the later."""
    found = [node for node in nodes if node.name == name] or [made[name] for _ in [0] if name in made]
    for _ in range(DEEPEST):
        alike = [node for node in found if node.operator == operator]
        if alike or not found:
            return max(alike, key=nodes.index, default=None)
        found = [made[before] for node in found for before in node.inputs if before in made]
    return None


def _real(generator: np.random.Generator, x: np.ndarray, batch: int) -> np.ndarray:
    """Random fractions; zeros where there are none, which every table has."""
    shape = (x.shape[0] * batch, *x.shape[1:])
    drawn: Any = generator.standard_normal(shape) if x.dtype.kind == "f" else np.zeros(shape)
    return drawn.astype(x.dtype)

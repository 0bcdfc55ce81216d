"""Networks counted, and where that is asked for measured in turn, so that their latencies compare."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lissom.device import choose_device
from lissom.errors import UsageError
from lissom.messages import text
from lissom.models.inputs import Input
from lissom.models.resolve import ModelRequest, ResolvedModel, resolve_model
from lissom.profiler.counting import count
from lissom.profiler.explain import reasons
from lissom.profiler.limits import Limits, limits
from lissom.profiler.measured import Measurement, Measuring, Subject, measure
from lissom.profiler.onnx_costs import Graph
from lissom.profiler.onnx_counting import count_graph
from lissom.profiler.operators import OwnRule
from lissom.profiler.result import Measured, ProfileResult, accuracy, paper_figures
from lissom.profiler.roofline import Layer, points


def profile_models(
    requests: Sequence[ModelRequest],
    *,
    measuring: Measuring | None = None,
    device: str = "cpu",
    refresh: bool = False,
    rules: Mapping[str, OwnRule] | None = None,
) -> list[ProfileResult]:
    """One result for each network; measured ones are timed in turn, so that their latencies compare.

    refresh: measure the machine's limits anew even where they are kept. rules: as `count` takes them.
    Raises: UsageError for a name that is unknown and for a rule of an operator that no network has, DataError for a
    resolution that the network cannot take.
    """
    where = choose_device(device)
    models = [_resolved(each, device="meta" if measuring is None else "cpu") for each in requests]
    counted = _distinct([_counted(each, rules or {}) for each in models])
    _require_used(rules or {}, counted)
    if measuring is None:
        return counted
    subjects = {
        result.network: model if isinstance(model, Graph) else Subject(model=model.module, inputs=model.inputs)
        for result, model in zip(counted, models, strict=True)
    }
    times = measure(subjects, measuring, device=where)
    best = limits(where, refresh=refresh)
    return [_measured(result, times[result.network], best) for result in counted]


def _require_used(rules: Mapping[str, OwnRule], counted: Sequence[ProfileResult]) -> None:
    used = {name for result in counted for name in result.counted.ruled}
    unknown = sorted({name for result in counted for name in result.counted.unknown})
    for name in rules:
        if name not in used:
            raise UsageError("rule-unused", name=name, unknown=", ".join(unknown) or text("cli.nothing"))


def _resolved(request: ModelRequest, device: str) -> ResolvedModel | Graph:
    if not isinstance(request.model, str | Path) or Path(request.model).suffix.lower() != ".onnx":
        return resolve_model(request, device=device)
    from lissom.profiler.onnx_graph import read_graph  # and with it ONNX Runtime

    usual = ModelRequest(model=request.model)
    for name in ("num_classes", "width", "options", "fused", "inputs"):
        if getattr(request, name) != getattr(usual, name):
            raise UsageError("onnx-setting", path=request.model, got=f"--{name.replace('_', '-')}")
    shapes = [tuple(one.shape) if isinstance(one, Input) else tuple(one) for one in request.input_shapes]
    return read_graph(Path(request.model), shapes, resolution=request.resolution, in_channels=request.in_channels)


def _counted(model: ResolvedModel | Graph, rules: Mapping[str, OwnRule]) -> ProfileResult:
    if isinstance(model, Graph):
        return _counted_graph(model, rules)
    counted, published = count(model.module, inputs=model.inputs, rules=rules), model.published()
    unfused = count(model.unfused, inputs=model.inputs, rules=rules) if model.unfused else None
    return ProfileResult(
        network=model.label,
        resolution=model.resolution,
        in_channels=model.in_channels,
        published=accuracy(published),
        printed=paper_figures(published, counted),
        counted=counted,
        unfused=(unfused.parameters, unfused.macs) if unfused else None,
        fused=published.fused if published and not unfused else None,
    )


def _counted_graph(graph: Graph, rules: Mapping[str, OwnRule]) -> ProfileResult:
    counted = count_graph(graph, rules)
    sides = counted.input_shape
    return ProfileResult(
        network=graph.file.name,
        resolution=sides[-1] if len(sides) > 1 else 0,
        in_channels=sides[1] if len(sides) > 1 else 0,
        published=None,
        printed=None,
        counted=counted,
    )


def _distinct(results: Sequence[ProfileResult]) -> list[ProfileResult]:
    """A network that is asked for twice, at two resolutions say, is labelled by that, or by a number."""
    often, seen, named = Counter(result.network for result in results), Counter(), []
    for result in results:
        label = result.network + (f" {result.resolution}px" if often[result.network] > 1 else "")
        seen[label] += 1
        named.append(replace(result, network=label if seen[label] == 1 else f"{label} ({seen[label]})"))
    return named


def _measured(result: ProfileResult, times: Measurement, best: Limits) -> ProfileResult:
    costs = result.counted.layers
    found = points(costs, times.layers, best, times.batch) if times.layers else {}
    layers = [Layer(cost=cost, point=found.get(cost.name)) for cost in costs]
    why = reasons(layers, times, best)
    return replace(result, measured=Measured(times=times, limits=best, points=found, why=why))

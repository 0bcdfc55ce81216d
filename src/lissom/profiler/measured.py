"""Latency of whole networks and of their layers on this machine, all of them in turn, so that they compare."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from lissom.device import set_threads
from lissom.errors import UsageError
from lissom.profiler.clocks import Clock, clock_for, wait_for
from lissom.profiler.layer_times import Recorder, hook_cost
from lissom.profiler.machine import is_disturbed, machine
from lissom.profiler.resident import resident
from lissom.timing.harness import latency

LAYERS = "layers of "  # prefix of the forwards with hooks, which take turns with those without


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """How to measure."""

    threads: int = 1
    """CPU threads."""
    batch: int = 1
    """Images in one forward."""
    repeats: int = 50
    """Forwards of each network."""
    warmup: int = 5
    """Forwards before those."""
    seconds: float | None = None
    """Stop sooner, after so long, but not before 5 forwards."""
    layers: bool = True
    """Also time each layer."""
    memory: bool = True
    """Also take the peak resident memory, in a process of its own."""

    def __post_init__(self) -> None:
        for name, least in (("threads", 1), ("batch", 1), ("repeats", 2), ("warmup", 0)):
            if getattr(self, name) < least:
                raise UsageError("measuring-out-of-range", name=name, got=getattr(self, name), least=least)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A network and what to feed it."""

    model: nn.Module
    shapes: Sequence[tuple[int, ...]]  # of its inputs, without the batch

    def inputs(self, batch: int, device: torch.device) -> list[Tensor]:
        """Random numbers in the network's precision; zeros would spare a CPU nothing but look as if they did."""
        dtype = next((p.dtype for p in self.model.parameters() if p.is_floating_point()), torch.float32)
        generator = torch.Generator().manual_seed(0)
        return [
            torch.randn((batch, *shape), generator=generator).to(device=device, dtype=dtype) for shape in self.shapes
        ]


def measure(
    subjects: Mapping[str, Subject], how: Measuring | None = None, *, device: torch.device | None = None
) -> dict[str, dict[str, Any]]:
    """Times every network in eval mode, in an order shuffled anew each round; the networks stay on `device`.

    Returns for each name `machine`, `batch`, `latency` (of a batch), `layers` (name -> `LayerTime` as a dictionary, and
    in it `time_ms`, the `layer_statistic` that stands for it), `layer_sum_ms`, `hook_us`, `resident_bytes` with its
    `resident_reason`, and on a GPU `device_ms` and `device_bytes`.
    """
    how, device = how or Measuring(), device or torch.device("cpu")
    set_threads(how.threads)
    models = {name: subject.model.to(device) for name, subject in subjects.items()}
    feeds = {name: subject.inputs(how.batch, device) for name, subject in subjects.items()}
    with _as_trained(models.values()), torch.inference_mode():
        return _measure(models, feeds, how, device)


def _measure(
    models: Mapping[str, nn.Module], feeds: Mapping[str, list[Tensor]], how: Measuring, device: torch.device
) -> dict[str, dict[str, Any]]:
    clock = clock_for(device)
    recorders = {name: Recorder(model, clock) for name, model in models.items()} if how.layers else {}
    calls: dict[str, Any] = {name: _forward(model, feeds[name], device) for name, model in models.items()}
    calls |= {LAYERS + name: (lambda name=name: recorders[name](*feeds[name])) for name in recorders}
    times = latency(calls, repeats=how.repeats, warmup=how.warmup, seconds=how.seconds)
    here = machine(device).to_dict()
    found = {}
    for name, model in models.items():
        found[name] = {"machine": here, "batch": how.batch, "warmup": how.warmup, "latency": times[name].to_dict()}
        if how.layers:
            disturbed = is_disturbed(found[name]["latency"], here)
            found[name] |= _layers(recorders[name], clock, how.warmup, disturbed)
        found[name] |= _memory(model, feeds[name], how, device, clock)
    return found


def _forward(model: nn.Module, inputs: Sequence[Tensor], device: torch.device) -> Any:
    def call() -> None:
        model(*inputs)
        wait_for(device)

    return call


def _layers(recorder: Recorder, clock: Clock, warmup: int, disturbed: bool) -> dict[str, Any]:
    """On a disturbed machine the 5th percentile stands for a layer: pauses fall on few layers, but on the same ones."""
    cost = hook_cost(clock)
    statistic = "p05_ms" if disturbed else "median_ms"
    times = {name: asdict(time) for name, time in recorder.times(cost, skip=warmup).items()}
    layers = {name: time | {"time_ms": time[statistic]} for name, time in times.items()}
    return {
        "layers": layers,
        "layer_statistic": statistic.removesuffix("_ms"),
        "layer_sum_ms": sum(time["time_ms"] for time in layers.values()),
        "hook_us": cost.whole_ms * 1e3,
    }


def _memory(
    model: nn.Module, inputs: list[Tensor], how: Measuring, device: torch.device, clock: Clock
) -> dict[str, Any]:
    if device.type == "cuda":
        return _on_gpu(model, inputs, how, device, clock)
    if not how.memory or device.type != "cpu":
        return {"resident_bytes": None, "resident_reason": None}
    found = resident(model, inputs, threads=how.threads)
    return {"resident_bytes": found["bytes"], "resident_reason": found["reason"]}


def _on_gpu(
    model: nn.Module, inputs: list[Tensor], how: Measuring, device: torch.device, clock: Clock
) -> dict[str, Any]:
    """Time between two events in the GPU's own queue, and the most memory that its tensors took."""
    torch.cuda.reset_peak_memory_stats(device)
    spans = []
    for _ in range(how.repeats):
        start = clock.mark()
        model(*inputs)
        end = clock.mark()
        clock.settle()
        spans.append(clock.elapsed_ms(start, end))
    peak = torch.cuda.max_memory_allocated(device)
    return {"device_ms": median(spans), "device_bytes": peak, "resident_bytes": None, "resident_reason": None}


@contextmanager
def _as_trained(models: Iterable[nn.Module]) -> Iterator[None]:
    """In eval mode, and with numbers too small for the fast path taken as zero.

    Deep in an untrained network such numbers occur, in a trained one they do not.
    """
    were_training = [module for model in models for module in model.modules() if module.training]
    for module in were_training:
        module.training = False
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        for module in were_training:
            module.training = True

"""Latency of whole networks and of their layers on this machine, all of them in turn, so that they compare."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from lissom.device import set_threads
from lissom.errors import UsageError
from lissom.models.inputs import as_call
from lissom.models.own import told
from lissom.plain import plain
from lissom.profiler.clocks import Clock, clock_for, wait_for
from lissom.profiler.known import mapped
from lissom.profiler.layer_times import LayerTimes, Recorder, hook_cost, layer_times
from lissom.profiler.machine import Machine, is_disturbed, machine
from lissom.profiler.onnx_costs import Graph
from lissom.profiler.resident import resident
from lissom.timing.harness import Latency, latency

Call = tuple[list[Any], dict[str, Any]]  # positional and named arguments
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
    inputs: Any  # what it is called with, a batch of one; `example` makes it of shapes

    def call(self, batch: int, device: torch.device) -> Call:
        """Arguments for a batch. Where there are only shapes: random numbers, which zeros would not spare a CPU but
        look as if they did, and for what is no fraction zeros, which every table of embeddings has."""
        generator = torch.Generator().manual_seed(0)

        def real(x: Tensor) -> Tensor:
            if not x.is_meta:
                return torch.cat([x] * batch).to(device) if x.dim() else x.to(device)
            shape = (batch, *x.shape[1:])
            made = torch.randn(shape, generator=generator) if x.is_floating_point() else torch.zeros(shape)
            return made.to(device=device, dtype=x.dtype)

        return as_call(self.model, mapped(self.inputs, real))


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The times and the memory of one network."""

    machine: Machine
    batch: int
    warmup: int
    latency: Latency  # of a batch
    layers: LayerTimes | None  # None: not asked for
    device_ms: float | None = None  # on a GPU alone, like the next
    device_bytes: int | None = None
    resident_bytes: int | None = None
    resident_reason: str | None = None  # why there are none

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; the layers' own times apart."""
        taken = {"machine": self.machine, "batch": self.batch, "warmup": self.warmup, "latency": self.latency}
        if self.layers:
            taken |= {"layer_statistic": self.layers.statistic, "layer_sum_ms": self.layers.sum_ms}
            taken |= {"hook_us": self.layers.hook_us}
        if self.device_ms is not None:
            taken |= {"device_ms": self.device_ms, "device_bytes": self.device_bytes}
        return plain({**taken, "resident_bytes": self.resident_bytes, "resident_reason": self.resident_reason})


class Trial(Protocol):
    """A network that takes turns with others; `forward` and `by_layer` are one inference each."""

    def forward(self) -> None: ...

    def by_layer(self) -> None: ...

    def layers(self, *, skip: int, disturbed: bool) -> LayerTimes:
        """The times of its layers, over all inferences by layer but the first `skip`."""
        ...

    def memory(self) -> dict[str, Any]:
        """Those of the fields of a `Measurement` that it knows."""
        ...


class TimedModel:
    """A module on its device."""

    def __init__(self, subject: Subject, how: Measuring, device: torch.device) -> None:
        self.how, self.device, self.clock = how, device, clock_for(device)
        self.model, self.feed = subject.model.to(device), subject.call(how.batch, device)
        self._recorder: Recorder | None = None

    def prepare(self, name: str) -> None:
        """Raises: UsageError for what a stranger's network raises when it gets numbers."""
        try:
            self.forward()
        except (Exception, SystemExit) as error:
            raise UsageError("measuring-failed", network=name, reason=told(error)) from error
        self._recorder = Recorder(self.model, self.clock) if self.how.layers else None

    def forward(self) -> None:
        self.model(*self.feed[0], **self.feed[1])
        wait_for(self.device)

    def by_layer(self) -> None:
        assert self._recorder
        self._recorder(*self.feed[0], **self.feed[1])

    def layers(self, *, skip: int, disturbed: bool) -> LayerTimes:
        assert self._recorder
        cost = hook_cost(self.clock)
        return layer_times(self._recorder.times(cost, skip=skip), cost, disturbed=disturbed)

    def memory(self) -> dict[str, Any]:
        return _memory(self.model, self.feed, self.how, self.device, self.clock)


def measure(
    subjects: Mapping[str, Subject | Graph], how: Measuring | None = None, *, device: torch.device | None = None
) -> dict[str, Measurement]:
    """Times every network in eval mode, in an order shuffled anew each round; the networks stay on `device`.

    Raises: UsageError for what a stranger's network raises, and for an ONNX file on another device than the CPU.
    """
    how, device = how or Measuring(), device or torch.device("cpu")
    set_threads(how.threads)
    modules = {name: TimedModel(one, how, device) for name, one in subjects.items() if isinstance(one, Subject)}
    files = {name: _timed_file(one, how, device) for name, one in subjects.items() if isinstance(one, Graph)}
    with _as_trained(each.model for each in modules.values()), torch.inference_mode():
        for name, each in modules.items():
            each.prepare(name)
        return _measure({name: (modules | files)[name] for name in subjects}, how, device)


def _timed_file(graph: Graph, how: Measuring, device: torch.device) -> Trial:
    from lissom.profiler.onnx_timing import TimedFile  # and with it ONNX Runtime

    if device.type != "cpu":
        raise UsageError("onnx-cpu", got=device)
    return TimedFile(graph, threads=how.threads, batch=how.batch)


def _measure(trials: Mapping[str, Trial], how: Measuring, device: torch.device) -> dict[str, Measurement]:
    calls = {name: trial.forward for name, trial in trials.items()}
    calls |= {LAYERS + name: trial.by_layer for name, trial in trials.items()} if how.layers else {}
    times = latency(calls, repeats=how.repeats, warmup=how.warmup, seconds=how.seconds)
    here = machine(device)
    found = {}
    for name, trial in trials.items():
        disturbed = is_disturbed(times[name], here)
        found[name] = Measurement(
            machine=here,
            batch=how.batch,
            warmup=how.warmup,
            latency=times[name],
            layers=trial.layers(skip=how.warmup, disturbed=disturbed) if how.layers else None,
            **trial.memory(),
        )
    return found


def _memory(model: nn.Module, inputs: Call, how: Measuring, device: torch.device, clock: Clock) -> dict[str, Any]:
    if device.type == "cuda":
        return _on_gpu(model, inputs, how, device, clock)
    if not how.memory or device.type != "cpu":
        return {}
    found = resident(model, *inputs, threads=how.threads)
    return {"resident_bytes": found["bytes"], "resident_reason": found["reason"]}


def _on_gpu(model: nn.Module, inputs: Call, how: Measuring, device: torch.device, clock: Clock) -> dict[str, Any]:
    """Time between two events in the GPU's own queue, and the most memory that its tensors took."""
    torch.cuda.reset_peak_memory_stats(device)
    spans = []
    for _ in range(how.repeats):
        start = clock.mark()
        model(*inputs[0], **inputs[1])
        end = clock.mark()
        clock.settle()
        spans.append(clock.elapsed_ms(start, end))
    peak = torch.cuda.max_memory_allocated(device)
    return {"device_ms": median(spans), "device_bytes": peak}


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

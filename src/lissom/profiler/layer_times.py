"""How long each module takes by itself, from hooks whose own cost is measured and taken off.

A module's exclusive time is its own less that of the modules that it calls, so all of them add up to the whole.
"""

import copy
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import nn

from lissom.profiler.clocks import Clock
from lissom.profiler.twin import uncompiled, walk

CHAIN = 200  # empty modules of the calibration
ROUNDS = 25
END = -1  # in place of a module's number: the module that runs has ended


class HookCost(NamedTuple):
    """What timing one call adds, in milliseconds."""

    inside_ms: float  # to the time of the module itself
    outside_ms: float  # to the time of the module that calls it

    @property
    def whole_ms(self) -> float:
        return self.inside_ms + self.outside_ms


@dataclass(frozen=True, kw_only=True)
class LayerTime:
    """One module's exclusive time for one batch, all its calls together."""

    median_ms: float
    p05_ms: float
    p95_ms: float
    calls: int  # in one forward


@dataclass(frozen=True, kw_only=True)
class LayerTimes:
    """The times of all modules of a network."""

    statistic: str
    """Which of a `LayerTime` stands for a layer: "median", or "p05" on a disturbed machine."""
    sum_ms: float
    """Of all modules, those that only hold others too."""
    hook_us: float
    """What timing one call cost; it is taken off."""
    by_name: Mapping[str, LayerTime] = field(default_factory=dict)
    """Empty where it was read from a file: the layers there have their times."""

    def time_ms(self, name: str) -> float:
        """What stands for a module."""
        return getattr(self.by_name[name], f"{self.statistic}_ms")


def layer_times(by_name: Mapping[str, LayerTime], cost: HookCost, *, disturbed: bool) -> LayerTimes:
    """On a disturbed machine the 5th percentile stands for a layer: pauses fall on few layers, but on the same ones."""
    statistic = "p05" if disturbed else "median"
    sum_ms = sum(getattr(time, f"{statistic}_ms") for time in by_name.values())
    return LayerTimes(statistic=statistic, sum_ms=sum_ms, hook_us=cost.whole_ms * 1e3, by_name=by_name)


class Recorder:
    """A twin of a network, sharing its tensors, that notes when each of its modules starts and ends."""

    def __init__(self, model: nn.Module, clock: Clock) -> None:
        self.clock = clock
        self.model = _twin(model)
        held = walk(self.model)
        self.names = list(held)
        self.forwards: list[list[tuple[int, Any]]] = []
        self._marks: list[tuple[int, Any]] = []
        for number, module in enumerate(held.values()):
            vars(module)["forward"] = self._timed(number, module.forward)

    def _timed(self, number: int, forward: Callable[..., Any]) -> Callable[..., Any]:
        mark = self.clock.mark

        def timed(*args: Any, **kwargs: Any) -> Any:
            self._marks.append((number, mark()))
            out = forward(*args, **kwargs)
            self._marks.append((END, mark()))
            return out

        return timed

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        """One forward; its marks are kept."""
        self._marks = []
        self.model(*args, **kwargs)
        self.clock.settle()
        self.forwards.append(self._marks)

    def times(self, cost: HookCost, *, skip: int = 0) -> dict[str, LayerTime]:
        """Each module that has run, by name, over all forwards but the first `skip`."""
        read = [exclusive(marks, self.clock.elapsed_ms, cost) for marks in self.forwards[skip:]]
        return {self.names[number]: summary([forward.get(number, (0.0, 0)) for forward in read]) for number in read[0]}


def exclusive(
    marks: Sequence[tuple[int, Any]], elapsed_ms: Callable[[Any, Any], float], cost: HookCost
) -> dict[int, tuple[float, int]]:
    """Module number -> (milliseconds without its children and without the hooks' cost, calls) of one forward."""
    found: dict[int, tuple[float, int]] = {}
    open_calls: list[list[Any]] = []  # number, start, milliseconds that are not its own
    for number, mark in marks:
        if number != END:
            open_calls.append([number, mark, 0.0])
            continue
        ended, start, others = open_calls.pop()
        spent = elapsed_ms(start, mark)
        before, calls = found.get(ended, (0.0, 0))
        found[ended] = (before + max(0.0, spent - others - cost.inside_ms), calls + 1)
        if open_calls:
            open_calls[-1][2] += spent + cost.outside_ms
    return found


def hook_cost(clock: Clock) -> HookCost:
    """The hooks' cost on this machine now: a chain of modules that do nothing, with and without them."""
    plain = nn.Sequential(*[nn.Identity() for _ in range(CHAIN)])
    recorder = Recorder(plain, clock)
    bare_ms = statistics.median(_timed(clock, plain) for _ in range(ROUNDS))
    hooked_ms = statistics.median(_timed(clock, recorder.model) for _ in range(ROUNDS))
    for _ in range(ROUNDS):
        recorder(None)
    free = HookCost(0.0, 0.0)
    inside = [time.median_ms for name, time in recorder.times(free).items() if name]
    inside_ms = statistics.median(inside)
    return HookCost(inside_ms, max(0.0, (hooked_ms - bare_ms) / CHAIN - inside_ms))


def _timed(clock: Clock, model: nn.Module) -> float:
    start = clock.mark()
    model(None)
    end = clock.mark()
    clock.settle()
    return clock.elapsed_ms(start, end)


def _twin(model: nn.Module) -> nn.Module:
    """A copy of the modules with the same tensors: hooks slow the copy alone, and memory stays as it was."""
    memo: dict[int, Any] = {id(tensor): tensor for tensor in [*model.parameters(), *model.buffers()]}
    for module in list(model.modules()):
        if uncompiled(module) is not module:
            memo[id(module)] = copy.deepcopy(uncompiled(module), memo)
    twin = copy.deepcopy(model, memo)
    for module in twin.modules():
        module._forward_hooks.clear()
        module._forward_pre_hooks.clear()
    return twin


def summary(values: Sequence[tuple[float, int]]) -> LayerTime:
    """Of milliseconds and calls of one layer, forward by forward."""
    times = sorted(ms for ms, _ in values)
    ends = statistics.quantiles(times, n=20, method="inclusive") if len(times) > 1 else times * 19
    return LayerTime(median_ms=statistics.median(times), p05_ms=ends[0], p95_ms=ends[18], calls=values[0][1])

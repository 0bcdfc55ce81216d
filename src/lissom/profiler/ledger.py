"""The book in which every operator of one run is entered, on the module in which it happened."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from lissom.profiler.known import Known, flat, look_up, run
from lissom.profiler.memory import Liveness, traffic
from lissom.profiler.operators import Cost, OwnRule
from lissom.profiler.receptive import begin, field_of, follow
from lissom.profiler.twin import walk

CONVOLUTIONS = ("aten.convolution", "aten._convolution")


@dataclass
class Page:
    """What has been booked on one module."""

    kind: str = ""
    calls: int = 0
    macs: int = 0
    other: dict[str, int] = field(default_factory=dict)
    activations: int = 0
    elements: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    input_shape: tuple[int, ...] = ()
    output_shape: tuple[int, ...] = ()
    receptive_field: tuple[int, ...] | None = None


class Ledger(TorchDispatchMode):
    """Enters every operator that reaches the dispatcher on the innermost module that runs."""

    def __init__(self, model: nn.Module, inputs: Sequence[Tensor], rules: Mapping[str, OwnRule] | None = None) -> None:
        super().__init__()
        self.pages: dict[str, Page] = {}
        self.unknown: set[str] = set()
        self.ruled: set[str] = set()
        self.receptive_field: tuple[int, ...] | None = None  # of the last convolution
        self.liveness = Liveness()
        self.touched: set[int] = set()  # ids of all tensors that an operator took
        self._known: dict[Any, Known] = {}
        self._rules = rules or {}
        self._running = [self._page("")]
        self._modules = walk(model)
        for x in inputs:
            begin(x)
            self.liveness.add(x)
        for name, module in self._modules.items():
            vars(module)["forward"] = self._watched(name, module.forward)

    def close(self) -> None:
        """Lets go of the network, which otherwise would hold itself."""
        for module in self._modules.values():
            vars(module).pop("forward", None)
        self._modules = {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """torch would wrap the dispatch below for its compiler, and import that, two seconds, at the first operator."""
        return False

    def _page(self, name: str) -> Page:
        return self.pages.setdefault(name, Page())

    def _watched(self, name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
        """The same, on a page of its own; dearer hooks would not see who calls `forward` itself."""
        running = self._running

        def watched(*args: Any, **kwargs: Any) -> Any:
            page = self._page(name)
            running.append(page)
            try:
                out = forward(*args, **kwargs)
            finally:
                running.pop()
            page.calls += 1
            page.input_shape = page.input_shape or first_shape(args) or first_shape(kwargs.values())
            page.output_shape = page.output_shape or first_shape([out])
            return out

        return watched

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        known = self._known.get(func)
        if known is None:
            known = self._known[func] = look_up(func, self._rules)
            self.ruled |= {known.name} & self._rules.keys()
        given = flat(args)
        out = run(known, func, args, kwargs or {}, given)
        outs = flat((out,))
        self.touched.update(map(id, given))
        follow(known.field, args, given, outs)
        for tensor in outs:
            self.liveness.add(tensor, is_view=known.is_view)
        if known.cost:
            self._book_arithmetic(known, known.cost(args, out), outs)
        if known.moves:
            self._book_traffic(given, outs)
        return out

    def _book_arithmetic(self, known: Known, spent: Cost, outs: list[Tensor]) -> None:
        page = self._running[-1]
        if spent.macs is None:
            self.unknown.add(known.name)
        if not page.kind or (spent.macs and not page.macs):  # what costs gives the layer its kind
            page.kind = spent.kind
        for kind, number in spent.other.items():
            page.other[kind] = page.other.get(kind, 0) + number
        seen = field_of(outs[0]) if outs else None
        if seen:
            page.receptive_field = seen.whole() or None
        if spent.macs:
            page.macs += spent.macs
            page.activations += outs[0].numel() if outs else 0
        if seen and not seen.pooled and known.name in CONVOLUTIONS:
            self.receptive_field = page.receptive_field

    def _book_traffic(self, given: list[Tensor], outs: list[Tensor]) -> None:
        page = self._running[-1]
        read, written = traffic({id(x): x for x in given}.values() if len(given) > 1 else given), traffic(outs)
        page.elements += read.elements + written.elements
        page.bytes_read += read.bytes
        page.bytes_written += written.bytes


def first_shape(values: Iterable[Any]) -> tuple[int, ...]:
    """Shape of the first tensor that has one, in nested lists, tuples and dictionaries."""
    for value in values:
        if isinstance(value, Tensor):
            found = tuple(value.shape)
        elif isinstance(value, dict):
            found = first_shape(value.values())
        else:
            found = first_shape(value) if isinstance(value, (list, tuple)) else ()
        if found:
            return found
    return ()

"""The book in which every operator of one run is entered, on the module in which it happened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from lissom.profiler.figures import LayerCost, ModuleCost, add_up
from lissom.profiler.memory import Liveness, traffic
from lissom.profiler.operators import cost
from lissom.profiler.receptive import begin, field_of, follow
from lissom.profiler.shapes import quick

_NEW = """empty empty_like empty_strided new_empty new_empty_strided lift detach set_ resize_"""
NO_TRAFFIC = frozenset(_NEW.split())  # they make a tensor and write nothing


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

    def __init__(self, model: nn.Module, inputs: Sequence[Tensor]) -> None:
        super().__init__()
        self.pages: dict[str, Page] = {}
        self.classes = {name: type(module).__name__ for name, module in model.named_modules()}
        self.parameters = _own_parameters(model)
        self.unknown: set[str] = set()
        self.receptive_field: tuple[int, ...] | None = None  # of the last convolution
        self.liveness = Liveness()
        self.running = [""]
        for x in inputs:
            begin(x)
            self.liveness.add(x)
        for name, module in model.named_modules():
            module.register_forward_pre_hook(self._entering(name), with_kwargs=True)
            module.register_forward_hook(self._leaving(name))

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """torch would wrap the dispatch below for its compiler, and import that, two seconds, at the first operator."""
        return False

    def _entering(self, name: str) -> Any:
        def hook(module: nn.Module, args: Any, kwargs: Any) -> None:
            self.running.append(name)
            page = self.pages.setdefault(name, Page())
            page.calls += 1
            page.input_shape = page.input_shape or first_shape([args, list(kwargs.values())])

        return hook

    def _leaving(self, name: str) -> Any:
        def hook(module: nn.Module, args: Any, out: Any) -> None:
            self.running.pop()
            self.pages[name].output_shape = self.pages[name].output_shape or first_shape(out)

        return hook

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = quick(func, args, kwargs)
        if out is None:
            out = func(*args, **(kwargs or {}))
        outs = list(tensors(out))
        follow(func, args, outs)
        for tensor in outs:
            self.liveness.add(tensor, is_view=func.is_view)
        spent = cost(func, args, out)
        if spent is not None:
            self._book_arithmetic(func, spent, outs)
        if not func.is_view and func.overloadpacket.__name__ not in NO_TRAFFIC:
            self._book_traffic(args, outs)
        return out

    def _book_arithmetic(self, func: Any, spent: Any, outs: list[Tensor]) -> None:
        page = self.pages.setdefault(self.running[-1], Page())
        if spent.macs is None:
            self.unknown.add(f"{func.namespace}.{func.overloadpacket.__name__}")
        if not page.kind or (spent.macs and not page.macs):  # what costs gives the layer its kind
            page.kind = spent.kind
        page.macs += spent.macs or 0
        for kind, number in spent.other.items():
            page.other[kind] = page.other.get(kind, 0) + number
        seen = field_of(outs[0]) if outs else None
        page.receptive_field = (seen.whole() or None) if seen else page.receptive_field
        if spent.macs:
            page.activations += outs[0].numel()
        if seen and not seen.pooled and func.overloadpacket.__name__ == "convolution":
            self.receptive_field = page.receptive_field

    def _book_traffic(self, args: Any, outs: list[Tensor]) -> None:
        page = self.pages.setdefault(self.running[-1], Page())
        read, written = traffic({id(x): x for x in tensors(args)}.values()), traffic(outs)
        page.elements += read.elements + written.elements
        page.bytes_read += read.bytes
        page.bytes_written += written.bytes

    def layers(self) -> tuple[LayerCost, ...]:
        """A row for each module that computes, moves data or owns parameters, in the order of running."""
        never_run = [name for name, number in self.parameters.items() if number and name not in self.pages]
        pages = self.pages | {name: Page(kind="not run") for name in never_run}
        return tuple(self._layer(name, page) for name, page in pages.items() if self._computes(name, page))

    def _computes(self, name: str, page: Page) -> bool:
        return bool(page.kind or self.parameters[name] or page.elements)

    def _layer(self, name: str, page: Page) -> LayerCost:
        return LayerCost(
            name=name,
            kind=page.kind or ("movement" if page.elements else "parameters"),
            module=self.classes[name],
            depth=depth(name),
            calls=page.calls,
            input_shape=page.input_shape,
            output_shape=page.output_shape,
            parameters=self.parameters[name],
            macs=page.macs,
            other=page.other,
            activations=page.activations,
            memory_access=page.elements,
            bytes_read=page.bytes_read,
            bytes_written=page.bytes_written,
            intensity=page.macs / max(1, page.bytes_read + page.bytes_written),
            receptive_field=page.receptive_field,
        )

    def modules(self, layers: Sequence[LayerCost]) -> tuple[ModuleCost, ...]:
        """The tree: each module with the sums of the layers that are it or lie below it."""
        below: dict[str, list[LayerCost]] = {name: [] for name in self.classes}
        for layer in layers:
            for name in _above(layer.name):
                below.get(name, []).append(layer)
        return tuple(_sum(name, self.classes[name], parts) for name, parts in below.items())


def _sum(name: str, module: str, parts: list[LayerCost]) -> ModuleCost:
    return ModuleCost(
        name=name,
        module=module,
        depth=depth(name),
        parameters=sum(part.parameters for part in parts),
        macs=sum(part.macs for part in parts),
        other=add_up([part.other for part in parts]),
        activations=sum(part.activations for part in parts),
        memory_access=sum(part.memory_access for part in parts),
        bytes_read=sum(part.bytes_read for part in parts),
        bytes_written=sum(part.bytes_written for part in parts),
    )


def depth(name: str) -> int:
    """Modules above the one of that name: 0 for the network itself."""
    return name.count(".") + 1 if name else 0


def _above(name: str) -> list[str]:
    """The module itself and all that hold it, by name: `a.b` -> "", `a`, `a.b`."""
    parts = name.split(".") if name else []
    return ["", *(".".join(parts[: number + 1]) for number in range(len(parts)))]


def _own_parameters(model: nn.Module) -> dict[str, int]:
    """Trainable numbers of each module itself; a shared tensor belongs to the first."""
    seen: set[int] = set()
    own = {}
    for name, module in model.named_modules():
        found = [p for p in module.parameters(recurse=False) if p.requires_grad and id(p) not in seen]
        seen.update(id(p) for p in found)
        own[name] = sum(prod(p.shape) for p in found)
    return own


def tensors(values: Any) -> Iterator[Tensor]:
    """All tensors in nested lists, tuples and dictionaries."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, list | tuple | dict):
        for value in values.values() if isinstance(values, dict) else values:
            yield from tensors(value)


def first_shape(values: Any) -> tuple[int, ...]:
    """Shape of the first tensor that has one."""
    return next((tuple(x.shape) for x in tensors(values) if x.dim()), ())

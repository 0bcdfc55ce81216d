"""Parameters and multiply-accumulates by layer, from the operators of one run without data.

A copy of the network on the meta device, where tensors have shapes and no numbers, sees one image; every operator that
reaches the dispatcher is booked on the module in which it happened. The network itself is neither run nor changed.
"""

import copy
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from lissom.errors import UsageError
from lissom.profiler.operators import CONVENTION, cost


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """One module that owns parameters or computes; functional operators belong to the module that calls them."""

    name: str  # as in `named_modules`; "" is the network itself
    kind: str  # "depthwise 3x3", "pointwise", "linear", "norm", ...; "not run" when it has taken no part
    input_shape: tuple[int, ...]  # of its first tensor, batch 1
    output_shape: tuple[int, ...]
    parameters: int  # trainable, its own; a tensor that two modules share belongs to the first
    macs: int  # over all its calls


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What one network costs at one input; later measures add fields, none goes away."""

    parameters: int
    macs: int
    input_shape: tuple[int, ...]  # batch 1
    convention: str
    layers: tuple[LayerCost, ...]  # in the order in which they run
    unknown: tuple[str, ...]  # operators that may compute and are not counted

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists and numbers, for JSON."""
        values = dataclasses.asdict(self)
        values["layers"] = [
            layer | {"input_shape": list(layer["input_shape"]), "output_shape": list(layer["output_shape"])}
            for layer in values["layers"]
        ]
        return values | {"input_shape": list(self.input_shape), "unknown": list(self.unknown)}


def count(
    model: nn.Module,
    *,
    resolution: int | None = None,
    in_channels: int | None = None,
    input_shape: tuple[int, ...] | None = None,
) -> Profile:
    """Counts one image of `in_channels resolution resolution`, or of `input_shape` (without the batch).

    in_channels: None takes what the network's first convolution takes. Raises: UsageError when the network does not run
    at that shape, with its reason.
    """
    shape = (1, *(input_shape or _image_shape(model, resolution, in_channels)))
    try:
        ledger = _run(_meta_copy(model), shape)
    except Exception as error:  # whatever a stranger's network raises
        reason = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(".")
        raise UsageError("profile-run-failed", shape="x".join(map(str, shape)), reason=reason) from error
    layers = ledger.layers()
    return Profile(
        parameters=sum(layer.parameters for layer in layers),
        macs=sum(layer.macs for layer in layers),
        input_shape=shape,
        convention=CONVENTION,
        layers=layers,
        unknown=tuple(sorted(ledger.unknown)),
    )


def _run(twin: nn.Module, shape: tuple[int, ...]) -> "_Ledger":
    dtype = next((p.dtype for p in twin.parameters() if p.is_floating_point()), torch.float32)
    ledger = _Ledger(twin)
    with torch.no_grad(), _without_fused_attention(), ledger:
        twin(torch.empty(shape, dtype=dtype, device="meta"))
    return ledger


def _image_shape(model: nn.Module, resolution: int | None, in_channels: int | None) -> tuple[int, int, int]:
    for name, value in (("resolution", resolution), ("in_channels", in_channels)):
        missing = name == "resolution" and value is None
        if missing or (value is not None and value < 1):
            raise UsageError("profile-input", name=name, got=value)
    convs = (m.in_channels for m in model.modules() if isinstance(m, nn.Conv1d | nn.Conv2d | nn.Conv3d))
    channels = in_channels or next(convs, 3)
    assert resolution is not None
    return channels, resolution, resolution


def _meta_copy(model: nn.Module) -> nn.Module:
    """A copy in eval mode whose tensors have no storage; weights are not duplicated on the way."""
    model = getattr(model, "_orig_mod", model)  # what torch.compile wraps
    memo: dict[int, Any] = {}
    for module in model.modules():
        plain = (value for value in vars(module).values() if isinstance(value, Tensor))
        for tensor in [*module.parameters(recurse=False), *module.buffers(recurse=False), *plain]:
            empty = torch.empty_like(tensor, device="meta", requires_grad=False)
            is_parameter = isinstance(tensor, nn.Parameter)
            memo[id(tensor)] = nn.Parameter(empty, tensor.requires_grad) if is_parameter else empty
    twin = copy.deepcopy(model, memo).eval()
    for module in twin.modules():
        module._forward_hooks.clear()  # the owner's hooks would see our run
    return twin


@contextmanager
def _without_fused_attention() -> Iterator[None]:
    """torch's encoder layers otherwise run as one operator, in which nothing can be counted."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@dataclass
class _Page:
    """What has been booked on one module."""

    kind: str = ""
    macs: int = 0
    input_shape: tuple[int, ...] = ()
    output_shape: tuple[int, ...] = ()


class _Ledger(TorchDispatchMode):
    """Books every operator on the innermost module that runs."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.pages: dict[str, _Page] = {}
        self.parameters = _own_parameters(model)
        self.unknown: set[str] = set()
        self.running = [""]
        for name, module in model.named_modules():
            module.register_forward_pre_hook(self._entering(name), with_kwargs=True)
            module.register_forward_hook(self._leaving(name))

    def _entering(self, name: str) -> Any:
        def hook(module: nn.Module, args: Any, kwargs: Any) -> None:
            self.running.append(name)
            page = self.pages.setdefault(name, _Page())
            page.input_shape = page.input_shape or _first_shape([args, list(kwargs.values())])

        return hook

    def _leaving(self, name: str) -> Any:
        def hook(module: nn.Module, args: Any, out: Any) -> None:
            self.running.pop()
            self.pages[name].output_shape = self.pages[name].output_shape or _first_shape(out)

        return hook

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        spent = cost(func, args, out)
        if spent is not None:
            page = self.pages.setdefault(self.running[-1], _Page())
            if spent.macs is None:
                self.unknown.add(f"{func.namespace}.{func.overloadpacket.__name__}")
            if not page.kind or (spent.macs and not page.macs):  # what costs gives the layer its kind
                page.kind = spent.kind
            page.macs += spent.macs or 0
        return out

    def layers(self) -> tuple[LayerCost, ...]:
        never_run = [name for name, number in self.parameters.items() if number and name not in self.pages]
        pages = self.pages | {name: _Page(kind="not run") for name in never_run}
        return tuple(
            LayerCost(
                name=name,
                kind=page.kind or "parameters",
                input_shape=page.input_shape,
                output_shape=page.output_shape,
                parameters=self.parameters[name],
                macs=page.macs,
            )
            for name, page in pages.items()
            if page.kind or self.parameters[name]
        )


def _own_parameters(model: nn.Module) -> dict[str, int]:
    """Trainable numbers of each module itself; a shared tensor belongs to the first."""
    seen: set[int] = set()
    own = {}
    for name, module in model.named_modules():
        tensors = [p for p in module.parameters(recurse=False) if p.requires_grad and id(p) not in seen]
        seen.update(id(p) for p in tensors)
        own[name] = sum(prod(p.shape) for p in tensors)
    return own


def _first_shape(values: Any) -> tuple[int, ...]:
    if isinstance(values, Tensor):
        return tuple(values.shape)
    if isinstance(values, dict):
        values = list(values.values())
    shapes = (_first_shape(value) for value in values) if isinstance(values, list | tuple) else ()
    return next((shape for shape in shapes if shape), ())

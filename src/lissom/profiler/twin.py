"""A copy of a network whose tensors have shapes and no numbers."""

import copy
from collections import OrderedDict
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from lissom.profiler.known import empty_twin

_PLAIN = {bool, int, float, str, bytes, type(None), type, torch.dtype}
LAZY = (UninitializedParameter, UninitializedBuffer)
_HOLDERS = {dict, OrderedDict, set, list}  # a module has eleven, most of them empty
_USUAL = {*_PLAIN, *_HOLDERS, tuple}
_HOOKS = ("_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called")


def meta_twin(model: nn.Module) -> nn.Module:
    """A copy in eval mode on the meta device; weights are not duplicated on the way, and the owner's hooks stay behind.

    `copy.deepcopy` of every dictionary of every module would take as long as the count itself: modules are rebuilt
    here, and what else they hold is copied deeply only where it is more than a number. What torch.compile wraps is
    taken out of it.
    """
    model = uncompiled(model)
    memo: dict[int, Any] = {}
    modules = list(walk(model).values())
    for module in modules:
        held = [value for value in vars(module).values() if type(value) not in _USUAL and isinstance(value, Tensor)]
        for tensor in [*own_tensors(module), *held]:
            if id(tensor) not in memo:
                memo[id(tensor)] = _empty(tensor)
    rebuilt = [module for module in modules if _is_plain(type(module))]
    for module in rebuilt:
        memo[id(module)] = object.__new__(type(module))
    for child in (child for module in modules for child in module._modules.values()):
        if child is not None and uncompiled(child) is not child:
            memo[id(child)] = copy.deepcopy(uncompiled(child), memo)
    for module in rebuilt:
        _fill(memo[id(module)], module, memo)
    twin = copy.deepcopy(model, memo)
    if not all(_is_eval_a_flag(type(module)) for module in modules):
        twin.eval()
    return twin


def uncompiled(module: nn.Module) -> nn.Module:
    """What torch.compile wraps, or the module itself."""
    return module._orig_mod if "_orig_mod" in module._modules else module  # type: ignore[return-value]


def walk(model: nn.Module) -> dict[str, nn.Module]:
    """As `named_modules`, in its order, in time that does not grow with the depth; compiled parts by what they wrap."""
    found: dict[str, nn.Module] = {}
    _walk("", uncompiled(model), found, set())
    return found


def _walk(name: str, module: nn.Module, found: dict[str, nn.Module], seen: set[int]) -> None:
    if id(module) in seen:
        return
    seen.add(id(module))
    found[name] = module
    held = module._modules
    if held:
        prefix = f"{name}." if name else ""
        for key, child in held.items():
            if child is not None:
                _walk(prefix + key, uncompiled(child), found, seen)


def own_tensors(module: nn.Module) -> list[Tensor]:
    """Parameters and buffers of a module itself."""
    return [x for x in [*module._parameters.values(), *module._buffers.values()] if x is not None]


def _empty(tensor: Tensor) -> Tensor:
    if isinstance(tensor, LAZY):  # of a lazy module: the run gives it its shape
        kind: Any = type(tensor)
        return kind(requires_grad=tensor.requires_grad, device=torch.device("meta"))
    empty = empty_twin(tensor)
    return nn.Parameter(empty, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty


@cache
def _is_plain(kind: type[nn.Module]) -> bool:
    """Whether a module of that class is its dictionary and nothing more."""
    own_ways = ("__deepcopy__", "__getstate__", "__reduce__", "__reduce_ex__", "__slots__", "__new__")
    return all(getattr(kind, way, None) is getattr(nn.Module, way, None) for way in own_ways)


@cache
def _is_eval_a_flag(kind: type[nn.Module]) -> bool:
    return _is_plain(kind) and kind.train is nn.Module.train and kind.eval is nn.Module.eval


def _fill(twin: nn.Module, module: nn.Module, memo: dict[int, Any]) -> None:
    """What a module holds: copied by `memo`; the owner's hooks, which would see our run, left out."""
    own = vars(module).copy()
    own.pop("_compiled_call_impl", None)  # by `module.compile()`; the class has none
    own["training"] = False
    for key in _HOOKS:
        if own[key]:
            own[key] = OrderedDict()
    for key, value in own.items():
        kind = type(value)
        if kind not in _PLAIN:
            own[key] = kind() if kind in _HOLDERS and not value else _copied(value, memo)
    vars(twin).update(own)


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    kind = type(value)
    compiled = getattr(value, "_torchdynamo_orig_callable", None)  # a method of the network, say
    if compiled is not None:
        return copy.deepcopy(compiled, memo)
    if kind is tuple and _PLAIN.issuperset(map(type, value)):
        return value
    if kind is dict:
        return {key: memo[id(part)] if id(part) in memo else copy.deepcopy(part, memo) for key, part in value.items()}
    return copy.deepcopy(value, memo)

"""A copy of a network whose tensors have shapes and no numbers."""

import copy
from collections import OrderedDict
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

_HOLDERS = (dict, OrderedDict, set, list)  # a module has eleven, most of them empty
_PLAIN = (bool, int, float, str, bytes, type(None), type, torch.dtype)


def meta_twin(model: nn.Module) -> nn.Module:
    """A copy in eval mode on the meta device; weights are not duplicated on the way, and the owner's hooks stay behind.

    `copy.deepcopy` of every dictionary of every module would take as long as the count itself: modules are rebuilt
    here, and what else they hold is copied deeply only where it is more than a number.
    """
    model = getattr(model, "_orig_mod", model)  # what torch.compile wraps
    memo: dict[int, Any] = {}
    modules = list(model.modules())
    rebuilt = [module for module in modules if _is_plain(type(module))]
    for module in modules:
        plain = (value for value in vars(module).values() if isinstance(value, Tensor))
        for tensor in [*module._parameters.values(), *module._buffers.values(), *plain]:
            if tensor is None or id(tensor) in memo:
                continue
            empty = empty_twin(tensor)
            is_parameter = isinstance(tensor, nn.Parameter)
            memo[id(tensor)] = nn.Parameter(empty, tensor.requires_grad) if is_parameter else empty
    for module in rebuilt:
        memo[id(module)] = object.__new__(type(module))
    for module in rebuilt:
        vars(memo[id(module)]).update({key: _copied(value, memo) for key, value in vars(module).items()})
    twin = copy.deepcopy(model, memo).eval()
    for module in twin.modules():
        module._forward_hooks.clear()  # the owner's hooks would see our run
    return twin


def empty_twin(tensor: Tensor) -> Tensor:
    """`torch.empty_like` on meta, which imports sympy (1.5 seconds), only where memory is laid out otherwise."""
    if tensor.layout is torch.strided and tensor.is_contiguous():
        return torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
    return torch.empty_like(tensor, device="meta", requires_grad=False)


@cache
def _is_plain(kind: type[nn.Module]) -> bool:
    """Whether a module of that class is its dictionary and nothing more."""
    own_ways = ("__deepcopy__", "__getstate__", "__reduce__", "__reduce_ex__", "__slots__", "__new__")
    return all(getattr(kind, way, None) is getattr(nn.Module, way, None) for way in own_ways)


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if type(value) is tuple and all(isinstance(part, _PLAIN) for part in value):
        return value
    if type(value) in _HOLDERS and not value:
        return type(value)()
    if type(value) is dict:
        return {key: copy.deepcopy(part, memo) for key, part in value.items()}
    return copy.deepcopy(value, memo)

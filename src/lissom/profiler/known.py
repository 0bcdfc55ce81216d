"""What the ledger knows of an operator, looked up once, and how it is run on tensors without numbers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lissom.profiler import receptive
from lissom.profiler.operators import OwnRule, Rule, own_rule, rule_of
from lissom.profiler.shapes import PRODUCTS, RULES

_NEW = """empty empty_like empty_strided new_empty new_empty_strided lift detach set_ resize_"""
NO_TRAFFIC = frozenset(_NEW.split())  # they make a tensor and write nothing
_NO_TENSORS = {int, float, bool, type(None), str, torch.dtype, torch.device}
_LISTS = (list, tuple)


class Known(NamedTuple):
    """Of one operator."""

    name: str  # with its namespace
    cost: Rule | None  # None: there is no arithmetic
    field: receptive.Rule
    shape: Callable[..., Any] | None  # a quick way to its output; None: torch must say
    any_layout: bool  # of what `shape` is given
    is_view: bool
    moves: bool  # reads or writes memory


def look_up(operator: Any, rules: Mapping[str, OwnRule]) -> Known:
    """What is known of it; `rules` are those of whoever counts, by `namespace.name`."""
    packet = operator.overloadpacket.__name__
    name = f"{operator.namespace}.{packet}"
    return Known(
        name=name,
        cost=own_rule(packet, rules[name]) if name in rules else rule_of(operator),
        field=receptive.rule_of(operator),
        shape=PRODUCTS.get(operator) or RULES.get(operator),
        any_layout=operator in PRODUCTS,
        is_view=operator.is_view,
        moves=not operator.is_view and packet not in NO_TRAFFIC,
    )


def run(known: Known, operator: Any, args: Sequence[Any], kwargs: Mapping[str, Any], given: Sequence[Tensor]) -> Any:
    """The output of a call: by the quick way where one is known and everything is plain, else by torch."""
    out = None if kwargs else quick(known, args, given)
    if out is not None:
        return out
    try:
        return operator(*args, **kwargs)
    except (NotImplementedError, RuntimeError) as error:
        return _run_otherwise(operator, (args, dict(kwargs)), error)


def quick(known: Known, args: Sequence[Any], given: Sequence[Tensor]) -> Any:
    """The output of a call by a rule of ours; None where torch must say."""
    if known.shape is None or not given or not given[0].is_meta:
        return None
    return known.shape(*args) if known.any_layout or all(map(Tensor.is_contiguous, given)) else None


def _run_otherwise(operator: Any, call: tuple[Sequence[Any], dict[str, Any]], error: Exception) -> Any:
    """What a network made in its own forward joins tensors without numbers as one; what is for real tensors alone gets
    zeros. Raises: the error, where neither is the case."""
    numberless = [x.is_meta for x in flat(call)]
    if not any(numberless):
        raise error
    if isinstance(error, NotImplementedError) or operator.namespace != "aten":
        args, kwargs = mapped(call, lambda x: torch.zeros(x.shape, dtype=x.dtype))
        return mapped(operator(*args, **kwargs), without_numbers)
    if all(numberless):
        raise error
    args, kwargs = mapped(call, without_numbers)
    return operator(*args, **kwargs)


def without_numbers(x: Tensor) -> Tensor:
    """Its shape and type; itself where it has no more."""
    return x if x.is_meta else empty_twin(x)


def empty_twin(tensor: Tensor) -> Tensor:
    """`torch.empty_like` on meta, which imports sympy (1.5 seconds), only where memory is laid out otherwise."""
    if tensor.layout is torch.strided and tensor.is_contiguous():
        return torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
    return torch.empty_like(tensor, device="meta", requires_grad=False)


def flat(values: Iterable[Any]) -> list[Tensor]:
    """All tensors in nested lists, tuples and dictionaries."""
    found: list[Tensor] = []
    for value in values:
        kind = type(value)
        if kind in _NO_TENSORS:
            continue
        if kind is Tensor or kind is nn.Parameter or isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, dict):
            found += flat(value.values())
        elif isinstance(value, _LISTS) and value and type(value[0]) is not int:  # the stride of a convolution, say
            found += flat(value)
    return found


def mapped(value: Any, change: Callable[[Tensor], Any]) -> Any:
    """The same nest of lists, tuples and dictionaries with every tensor changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: mapped(part, change) for key, part in value.items()}
    return type(value)(mapped(part, change) for part in value) if type(value) in (list, tuple) else value

"""What a network is called with: shapes and types as they are typed, tensors as they are handed over."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lissom.errors import UsageError

TYPES = ("int", "long", "int32", "int64", "uint8", "bool", "half", "float", "double", "float16", "float32", "bfloat16")


class Input(NamedTuple):
    """One input without the batch."""

    shape: tuple[int, ...]
    dtype: str = ""  # one of `TYPES`; empty: the network's own precision
    name: str = ""  # of the argument; empty: by its place


def parse_input(word: str) -> Input:
    """`3x224x224`, with a type `16:int64`, with a name `mask=16:bool`. Raises: UsageError for anything else."""
    name, _, rest = word.rpartition("=")
    shape, _, dtype = rest.partition(":")
    sides = shape.lower().split("x")
    fits = all(side.isdecimal() and int(side) > 0 for side in sides) and (dtype in TYPES or ":" not in rest)
    if not fits or ("=" in word and not name.isidentifier()):
        raise UsageError("shape-not-one", got=word, types=", ".join(TYPES))
    return Input(tuple(int(side) for side in sides), dtype, name)


def example(model: nn.Module, inputs: Sequence[Input | tuple[int, ...]]) -> list[Tensor] | dict[str, Tensor]:
    """A batch of one without numbers; by name where the inputs have names.

    Raises: UsageError when some have and others have not.
    """
    given = [one if isinstance(one, Input) else Input(tuple(one)) for one in inputs]
    made = [torch.empty(1, *one.shape, dtype=_dtype(model, one.dtype), device="meta") for one in given]
    if not any(one.name for one in given):
        return made
    if not all(one.name for one in given):
        raise UsageError("inputs-half-named", got=", ".join(one.name or "x".join(map(str, one.shape)) for one in given))
    return {one.name: tensor for one, tensor in zip(given, made, strict=True)}


def as_call(model: nn.Module, inputs: Any) -> tuple[list[Any], dict[str, Any]]:
    """Positional and named arguments of a call: from one tensor, a sequence or a mapping.

    A mapping goes in whole where `forward` names none of its keys.
    """
    if isinstance(inputs, Mapping):
        return ([], dict(inputs)) if _takes(model, list(inputs)) else ([dict(inputs)], {})
    return (list(inputs) if isinstance(inputs, list | tuple) else [inputs]), {}


def precision(model: nn.Module) -> torch.dtype:
    """The type of a network's first parameter with fractions; single precision where there is none."""
    return next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)


def _dtype(model: nn.Module, name: str) -> torch.dtype:
    return getattr(torch, name) if name else precision(model)


def _takes(model: nn.Module, names: Sequence[str]) -> bool:
    """Whether `forward` has arguments of such names; also where nobody can say."""
    try:
        parameters = inspect.signature(getattr(model, "_orig_mod", model).forward).parameters
    except (TypeError, ValueError):
        return True
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return anything or any(name in parameters for name in names)

"""A network as a row of layers, for what treats the last ones otherwise than the first."""

from typing import Any, cast

from torch import nn


def layers(model: nn.Module) -> list[nn.Module]:
    """The parts of `model` that hold parameters, in the order in which it has them; the last one is its classifier.

    Those that it names itself by a method `layers`, as our networks do. Of another module a part is a child, or a child
    of a child that is a sequence: stem, each block, expansion, head. The head is one part, even as a sequence.
    """
    if callable(getattr(type(model), "layers", None)):  # of the class: a child of that name is no method
        return cast(Any, model).layers()
    return _by_structure(model)


def _by_structure(model: nn.Module) -> list[nn.Module]:
    head = _head(model)
    parts: list[nn.Module] = []
    for name, child in model.named_children():
        parts += list(child) if isinstance(child, nn.Sequential) and name != head else [child]
    return [part for part in parts if any(True for _ in part.parameters())] or [model]


def _head(model: nn.Module) -> str:
    """The head's name where the network names its ends (the engine knows no network, but may ask); else "head"."""
    return getattr(getattr(model, "ends", None), "head", "head")


def trunk(model: nn.Module) -> list[nn.Module]:
    """All layers but the last."""
    return layers(model)[:-1]


def depths(model: nn.Module) -> dict[int, int]:
    """For each parameter, by its id, how many layers come after its own; one in no layer counts to the first."""
    row = layers(model)
    found = {id(p): len(row) - 1 for p in model.parameters()}
    for index, layer in enumerate(row):
        found |= {id(p): len(row) - 1 - index for p in layer.parameters()}
    return found

"""From the pages of the ledger to a network's layers and the tree of its modules."""

from collections.abc import Mapping, Sequence, Set
from operator import add, attrgetter
from typing import Any, NamedTuple

import torch
from torch import nn

from lissom.profiler.figures import LayerCost, ModuleCost
from lissom.profiler.ledger import Page
from lissom.profiler.twin import LAZY


class Own(NamedTuple):
    """Numbers in a module's own parameters."""

    parameters: int
    trainable: int
    touched: bool  # an operator took one of them


def layer_costs(
    pages: Mapping[str, Page], modules: Mapping[str, nn.Module], touched: Set[int]
) -> tuple[LayerCost, ...]:
    """A row for each module that computes, moves data or owns parameters, in the order of running.

    touched: ids of the tensors that operators took: a module that has not run may have lent its weights.
    """
    own = _own(modules, touched)
    idle = {name: Page(kind="" if own[name].touched else "not run") for name in modules if name not in pages}
    rows = {**pages, **{name: page for name, page in idle.items() if own[name].parameters}}
    return tuple(
        _layer(name, page, type(modules[name]).__name__, own[name])
        for name, page in rows.items()
        if page.kind or page.elements or own[name].parameters
    )


def _layer(name: str, page: Page, module: str, own: Own) -> LayerCost:
    return LayerCost(
        name=name,
        kind=page.kind or ("movement" if page.elements else "parameters"),
        module=module,
        depth=depth(name),
        calls=page.calls,
        input_shape=page.input_shape,
        output_shape=page.output_shape,
        parameters=own.parameters,
        trainable=own.trainable,
        macs=page.macs,
        other=page.other,
        activations=page.activations,
        memory_access=page.elements,
        bytes_read=page.bytes_read,
        bytes_written=page.bytes_written,
        intensity=page.macs / max(1, page.bytes_read + page.bytes_written),
        receptive_field=page.receptive_field,
    )


NOTHING = Own(0, 0, False)
_SUMMED = ("parameters", "trainable", "macs", "activations", "memory_access", "bytes_read", "bytes_written")
_summed = attrgetter(*_SUMMED)


def module_costs(layers: Sequence[LayerCost], modules: Mapping[str, nn.Module]) -> tuple[ModuleCost, ...]:
    """The tree: each module with the sums of the layers that are it or lie below it."""
    sums = {name: [0] * len(_SUMMED) for name in modules}
    other: dict[str, dict[str, int]] = {name: {} for name in modules}
    for layer in layers:
        sums[layer.name] = list(_summed(layer))
        other[layer.name] = dict(layer.other)
    for name in reversed(list(modules)):  # a module comes before those that it holds
        if name:
            above = name.rpartition(".")[0]
            sums[above] = list(map(add, sums[above], sums[name]))
            for kind, number in other[name].items():
                other[above][kind] = other[above].get(kind, 0) + number
    kinds = dict.fromkeys(kind for layer in layers for kind in layer.other)  # in the order in which they appear
    return tuple(
        ModuleCost(
            name=name,
            module=type(module).__name__,
            depth=depth(name),
            other={kind: found[kind] for kind in kinds if kind in found} if len(found := other[name]) > 1 else found,
            **dict(zip(_SUMMED, sums[name], strict=True)),
        )
        for name, module in modules.items()
    )


def depth(name: str) -> int:
    """Modules above the one of that name: 0 for the network itself."""
    return name.count(".") + 1 if name else 0


def _own(modules: Mapping[str, nn.Module], touched: Set[int]) -> dict[str, Own]:
    """Of each module itself; a tensor that two share belongs to the first, one without a shape to none."""
    seen: set[int] = set()
    own = {}
    for name, module in modules.items():
        found = [p for p in module._parameters.values() if p is not None and id(p) not in seen]
        if not found:
            own[name] = _frozen_script(module) if isinstance(module, torch.jit.ScriptModule) else NOTHING
            continue
        seen.update(map(id, found))
        sized = [p for p in found if not isinstance(p, LAZY)]
        own[name] = Own(
            sum(p.numel() for p in sized),
            sum(p.numel() for p in sized if p.requires_grad),
            any(id(p) in touched for p in found),
        )
    return own


def _frozen_script(module: nn.Module) -> Own:
    """TorchScript that was frozen has its weights as constants."""
    if next(module.parameters(), None) is not None:
        return NOTHING
    graph: Any = module.inlined_graph  # which takes its nodes with it
    nodes = graph.findAllNodes("prim::Constant")
    constants = [node.t("value") for node in nodes if node.hasAttribute("value") and node.kindOf("value") == "t"]
    return Own(sum(x.numel() for x in constants if x.is_floating_point() and x.dim()), 0, True)

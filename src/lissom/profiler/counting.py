"""Parameters, multiply-accumulates, memory and receptive field by layer, from the operators of one run without data.

A copy of the network on the meta device, where tensors have shapes and no numbers, sees one image; every operator that
reaches the dispatcher is booked on the module in which it happened. The network itself is neither run nor changed.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from lissom.errors import UsageError
from lissom.messages import text
from lissom.models.inputs import as_call, example
from lissom.models.resolve import channels_of
from lissom.profiler.figures import Profile, Shape
from lissom.profiler.known import flat, mapped, without_numbers
from lissom.profiler.layers import layer_costs, module_costs
from lissom.profiler.ledger import Ledger
from lissom.profiler.memory import weight_bytes
from lissom.profiler.operators import OwnRule
from lissom.profiler.receptive import field_of
from lissom.profiler.refused import refused
from lissom.profiler.twin import meta_twin, own_tensors, walk


def count(
    model: nn.Module,
    *,
    resolution: int | None = None,
    in_channels: int | None = None,
    input_shape: Shape | Sequence[Shape] | None = None,
    inputs: Any = None,
    rules: Mapping[str, OwnRule] | None = None,
) -> Profile:
    """Counts one image of `in_channels resolution resolution`, or of `input_shape` (without the batch), or `inputs`.

    in_channels: None takes what the network's first convolution takes. input_shape: several shapes for a network with
    several inputs. inputs: what the network is called with, batch included: one tensor, positional arguments, or named
    ones; only their shapes and types are used. rules: what operators cost that are unknown, by the name that the
    profile lists: MACs from arguments and output, or a number of them for each element that is put out.
    Raises: UsageError when the network does not run at that shape, with its reason.
    """
    if inputs is None:
        inputs = _images(model, resolution, in_channels, input_shape)
    given = flat((inputs,))
    try:
        with _without_collection():
            args, kwargs = as_call(model, mapped(inputs, without_numbers))
            return _profile(model, flat((args, kwargs)), args, kwargs, rules or {})
    except (Exception, SystemExit) as error:  # whatever a stranger's network raises
        raise refused(error, given) from error


def _profile(
    model: nn.Module, given: list[Tensor], args: Sequence[Any], kwargs: Mapping[str, Any], rules: Mapping[str, OwnRule]
) -> Profile:
    twin, shapes = meta_twin(model), tuple(tuple(x.shape) for x in given)
    ledger = _run(twin, given, args, kwargs, rules)
    held = walk(twin)  # lazy ones, and those that the run has made, too
    layers = layer_costs(ledger.pages, held, ledger.touched)
    modules = module_costs(layers, held)
    sums = {key: value for key, value in vars(modules[0]).items() if key not in ("name", "module", "depth")}
    return Profile(
        **sums,
        peak_memory_bytes=ledger.liveness.peak,
        weight_bytes=weight_bytes(tensor for module in held.values() for tensor in own_tensors(module)),
        receptive_field=ledger.receptive_field,
        input_shape=shapes[0] if shapes else (),
        input_shapes=shapes,
        convention=text("profiler.convention"),
        layers=layers,
        modules=modules,
        unknown=tuple(sorted(ledger.unknown)),
        ruled=tuple(sorted(ledger.ruled)),
    )


def _run(
    twin: nn.Module, given: list[Tensor], args: Sequence[Any], kwargs: Mapping[str, Any], rules: Mapping[str, OwnRule]
) -> Ledger:
    ledger = Ledger(twin, given, rules)
    with torch.no_grad(), _without_fused_attention(), ledger:
        out = twin(*args, **kwargs)
    ledger.close()
    if any(seen.pixels is None for x in flat((out,)) if (seen := field_of(x))):
        ledger.receptive_field = None  # a convolution was followed, but not what came after it
    return ledger


def _images(
    model: nn.Module, resolution: int | None, in_channels: int | None, given: Shape | Sequence[Shape] | None
) -> Any:
    """An image, or inputs of one shape or of several."""
    shapes: Any = given or _image_shape(model, resolution, in_channels)
    return example(model, [shapes] if all(isinstance(side, int) for side in shapes) else shapes)


def _image_shape(model: nn.Module, resolution: int | None, in_channels: int | None) -> Shape:
    for name, value in (("resolution", resolution), ("in_channels", in_channels)):
        missing = name == "resolution" and value is None
        if missing or (value is not None and value < 1):
            raise UsageError("profile-input", name=name, got=value)
    assert resolution is not None
    return in_channels or channels_of(model), resolution, resolution


@contextmanager
def _without_fused_attention() -> Iterator[None]:
    """torch's encoder layers otherwise run as one operator, in which nothing can be counted."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@contextmanager
def _without_collection() -> Iterator[None]:
    """No pass over all that the process holds, which would take longer than the count and free maps by chance."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()

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
from lissom.models.resolve import channels_of
from lissom.profiler.figures import Profile, Shape, add_up
from lissom.profiler.ledger import Ledger, tensors
from lissom.profiler.memory import weight_bytes
from lissom.profiler.receptive import field_of
from lissom.profiler.twin import empty_twin, meta_twin


def count(
    model: nn.Module,
    *,
    resolution: int | None = None,
    in_channels: int | None = None,
    input_shape: Shape | Sequence[Shape] | None = None,
    inputs: Tensor | Sequence[Any] | Mapping[str, Any] | None = None,
) -> Profile:
    """Counts one image of `in_channels resolution resolution`, or of `input_shape` (without the batch), or `inputs`.

    in_channels: None takes what the network's first convolution takes. input_shape: several shapes for a network with
    several inputs. inputs: what the network is called with, batch included: one tensor, positional arguments, or named
    ones; only their shapes and types are used. Raises: UsageError when the network does not run at that shape, with its
    reason.
    """
    if inputs is None:
        shapes = _shapes(input_shape or _image_shape(model, resolution, in_channels))
        args, kwargs = [torch.empty(1, *shape, dtype=_dtype(model), device="meta") for shape in shapes], {}
    else:
        args, kwargs = _as_call(inputs)
    given = list(tensors([args, kwargs]))
    try:
        with _without_collection():
            twin = meta_twin(model)
            return _profile(_run(twin, given, args, kwargs), twin, tuple(tuple(x.shape) for x in given))
    except Exception as error:  # whatever a stranger's network raises
        reason = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(".")
        shape = ", ".join("x".join(map(str, x.shape)) for x in given)
        raise UsageError("profile-run-failed", shape=shape, reason=reason) from error


def _profile(ledger: Ledger, twin: nn.Module, shapes: tuple[Shape, ...]) -> Profile:
    layers = ledger.layers()
    return Profile(
        parameters=sum(layer.parameters for layer in layers),
        macs=sum(layer.macs for layer in layers),
        other=add_up([layer.other for layer in layers]),
        activations=sum(layer.activations for layer in layers),
        memory_access=sum(layer.memory_access for layer in layers),
        bytes_read=sum(layer.bytes_read for layer in layers),
        bytes_written=sum(layer.bytes_written for layer in layers),
        peak_memory_bytes=ledger.liveness.peak,
        weight_bytes=weight_bytes([*twin.parameters(), *twin.buffers()]),
        receptive_field=ledger.receptive_field,
        input_shape=shapes[0] if shapes else (),
        input_shapes=shapes,
        convention=text("profiler.convention"),
        layers=layers,
        modules=ledger.modules(layers),
        unknown=tuple(sorted(ledger.unknown)),
    )


def _run(twin: nn.Module, given: list[Tensor], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Ledger:
    ledger = Ledger(twin, given)
    with torch.no_grad(), _without_fused_attention(), ledger:
        out = twin(*args, **kwargs)
    if any(seen.pixels is None for x in tensors(out) if (seen := field_of(x))):
        ledger.receptive_field = None  # a convolution was followed, but not what came after it
    return ledger


def _dtype(model: nn.Module) -> torch.dtype:
    return next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)


def _shapes(given: Any) -> list[Shape]:
    """One shape, or several."""
    return [tuple(given)] if all(isinstance(side, int) for side in given) else [tuple(shape) for shape in given]


def _as_call(inputs: Any) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """Positional and named arguments on the meta device."""
    on_meta = _on_meta(inputs)
    if isinstance(on_meta, dict):
        return [], on_meta
    return (on_meta if isinstance(on_meta, list | tuple) else [on_meta]), {}


def _on_meta(value: Any) -> Any:
    if isinstance(value, Tensor):
        return empty_twin(value)
    if isinstance(value, Mapping):
        return {key: _on_meta(part) for key, part in value.items()}
    return type(value)(map(_on_meta, value)) if type(value) in (list, tuple) else value


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

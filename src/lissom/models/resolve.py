"""Networks by what the user names: from the catalogue, by `package.module:callable`, or a module handed over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lissom.config import ModelConfig
from lissom.errors import UsageError, near
from lissom.models.contract import identity, name_of
from lissom.models.entry import Published
from lissom.models.fusing import fuse
from lissom.models.inputs import Input, example
from lissom.models.own import RESOLUTION, build_own, is_own
from lissom.models.registry import build, check_resolution, chosen_options, entry, typed_options


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """A network as requested; None: as the authors have it."""

    model: str | Path | nn.Module
    resolution: int | None = None  # pixels
    in_channels: int | None = None
    num_classes: int | None = None
    width: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)
    input_shapes: tuple[Input | tuple[int, ...], ...] = ()  # instead of an image: of every input, without the batch
    inputs: Any = None  # instead of shapes: what it is called with, batch included
    fused: bool = False  # as it is used, with norms and branches folded into convolutions
    label: str = ""  # of a module; empty: its class


@dataclass(frozen=True, kw_only=True)
class ResolvedModel:
    """The network that was asked for, and what it takes."""

    module: nn.Module
    name: str | None  # in the catalogue
    label: str
    resolution: int
    in_channels: int
    options: Mapping[str, Any] | None  # where they differ from the defaults, width included; None: not the authors' own
    inputs: Any  # what it is called with, a batch of one; without numbers where only shapes were asked for
    unfused: nn.Module | None = None  # the network that `module` was fused of

    def published(self) -> Published | None:
        """What was published for just these options and this resolution."""
        if self.name is None or self.options is None:
            return None
        rows = entry(self.name).published
        same = (row for row in rows if dict(row.options) == self.options and row.resolution == self.resolution)
        return next(same, None)


def resolve_model(request: ModelRequest, *, device: str = "meta") -> ResolvedModel:
    """Builds or imports it; what we build stands on `device`, `meta` being enough to count.

    Raises: UsageError for an unknown name or option, DataError for what is no module or no resolution for it.
    """
    found = _resolved(request, device)
    if not request.fused:
        return found
    return replace(found, module=fuse(found.module), unfused=found.module, label=f"{found.label} fused")


def _resolved(request: ModelRequest, device: str) -> ResolvedModel:
    model = request.model
    if isinstance(model, nn.Module):
        return _foreign(model, request.label or name_of(model), request)
    if is_own(str(model)):
        sizes = {"num_classes": request.num_classes, "in_channels": request.in_channels, "width": request.width}
        options = typed_options(str(model), request.options)
        return _foreign(build_own(str(model), sizes, options), str(model), request)
    return _built(request, device)


def variants(request: ModelRequest, name: str, values: Sequence[str]) -> list[ModelRequest]:
    """The network once for each value, as typed, of an option, of `width` or of `resolution`.

    Raises: UsageError for a value that is none, or an option that the network does not have.
    """
    readers: dict[str, Any] = {"width": float, "resolution": int, "num_classes": int, "in_channels": int}
    if name not in readers:
        known = entry(str(request.model)).options
        if name not in known:
            raise UsageError("vary-unknown", got=name, near=near(name, [*known, *readers]))
        return [replace(request, options={**request.options, name: value}) for value in values]
    try:
        return [replace(request, **{name: readers[name](value)}) for value in values]
    except ValueError:
        raise UsageError("vary-value", name=name, got=" ".join(values)) from None


def channels_of(model: nn.Module) -> int:
    """The input channels that a network says it has; of a module that says nothing, a guess: its first convolution's.

    A guess, since the first to be held need not be the first to run; 3 where there is none.
    """
    known = identity(model)
    convs = (m.in_channels for m in model.modules() if isinstance(m, nn.Conv1d | nn.Conv2d | nn.Conv3d))
    return known.in_channels if known else next((channels for channels in convs if channels), 3)  # 0: a lazy one's


def _built(request: ModelRequest, device: str) -> ResolvedModel:
    known = entry(str(request.model))
    name = known.name
    in_channels = request.in_channels or known.in_channels
    num_classes = request.num_classes or known.num_classes
    options = chosen_options(name, dict(request.options))
    with torch.device(device):
        module = build(name, num_classes=num_classes, in_channels=in_channels, width=request.width, **options)
    resolution = request.resolution or getattr(module, "window", known.resolution)
    if not request.input_shapes and request.inputs is None:
        check_resolution(module, resolution)
    plain = in_channels == known.in_channels and num_classes == known.num_classes
    return ResolvedModel(
        module=module,
        name=name,
        label=ModelConfig(model=name, width=request.width, options=options).label,
        resolution=resolution,
        in_channels=in_channels,
        options={**options, **({} if request.width == 1 else {"width": request.width})} if plain else None,
        inputs=_inputs(module, request, (in_channels, resolution, resolution)),
    )


def _foreign(module: nn.Module, label: str, request: ModelRequest) -> ResolvedModel:
    in_channels = request.in_channels or channels_of(module)
    resolution = request.resolution or RESOLUTION
    return ResolvedModel(
        module=module,
        name=None,
        label=label,
        resolution=resolution,
        in_channels=in_channels,
        options=None,
        inputs=_inputs(module, request, (in_channels, resolution, resolution)),
    )


def _inputs(module: nn.Module, request: ModelRequest, image: tuple[int, ...]) -> Any:
    return request.inputs if request.inputs is not None else example(module, request.input_shapes or (image,))

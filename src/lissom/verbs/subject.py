"""The networks that a person may name: from the catalogue, of a run, by `package.module:callable`, or a module."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lissom import models
from lissom.config import ModelConfig
from lissom.errors import DataError, UsageError
from lissom.models.contract import name_of
from lissom.models.entry import Published
from lissom.models.registry import chosen_options
from lissom.profiler.counting import channels_of
from lissom.runs.folder import is_run
from lissom.training.run import open_run

RESOLUTION = 224  # pixels, for a network of which nothing is known


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A network as a person asks for it; None: as the authors, or the run, have it."""

    model: str | Path | nn.Module
    resolution: int | None = None  # pixels
    in_channels: int | None = None
    num_classes: int | None = None
    width: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)
    input_shapes: tuple[tuple[int, ...], ...] = ()  # instead of an image: of every input, without the batch


@dataclass(frozen=True, kw_only=True)
class Found:
    """A network that was found."""

    module: nn.Module
    name: str | None  # in the catalogue
    label: str
    resolution: int
    in_channels: int
    options: Mapping[str, Any] | None  # where they differ from the defaults, width included; None: not the authors' own
    shapes: tuple[tuple[int, ...], ...]  # of its inputs, without the batch

    def published(self) -> Published | None:
        """What was published for just these options and this resolution."""
        if self.name is None or self.options is None:
            return None
        rows = models.entry(self.name).published
        same = (row for row in rows if dict(row.options) == self.options and row.resolution == self.resolution)
        return next(same, None)


def find(wanted: Wanted, *, device: str = "meta") -> Found:
    """Builds or imports it; what we build stands on `device`, `meta` being enough to count.

    Raises: UsageError for an unknown name or option, DataError for what is no module or no resolution for it.
    """
    model = wanted.model
    if isinstance(model, nn.Module):
        return _foreign(model, name_of(model), wanted)
    if is_run(model):
        return _built(_of_run(wanted), device)
    if ":" in str(model):
        return _foreign(_imported(str(model)), str(model), wanted)
    return _built(wanted, device)


def _of_run(wanted: Wanted) -> Wanted:
    run = open_run(Path(str(wanted.model)))
    chosen, facts = run.config.model, run.facts
    return replace(
        wanted,
        model=chosen.model,
        width=chosen.width,
        options={**facts.build_options, **chosen.options},
        in_channels=facts.in_channels,
        num_classes=len(facts.class_names),
        resolution=wanted.resolution or facts.side,
    )


def _built(wanted: Wanted, device: str) -> Found:
    name = str(wanted.model)
    entry = models.entry(name)
    in_channels, num_classes = wanted.in_channels or 3, wanted.num_classes or entry.num_classes
    options = chosen_options(name, dict(wanted.options))
    with torch.device(device):
        module = models.build(name, num_classes=num_classes, in_channels=in_channels, width=wanted.width, **options)
    resolution = wanted.resolution or entry.resolution
    if not wanted.input_shapes:
        models.check_resolution(module, resolution)
    plain = in_channels == 3 and num_classes == entry.num_classes
    return Found(
        module=module,
        name=name,
        label=ModelConfig(model=name, width=wanted.width, options=options).label,
        resolution=resolution,
        in_channels=in_channels,
        options={**options, **({} if wanted.width == 1 else {"width": wanted.width})} if plain else None,
        shapes=wanted.input_shapes or ((in_channels, resolution, resolution),),
    )


def _foreign(module: nn.Module, label: str, wanted: Wanted) -> Found:
    in_channels = wanted.in_channels or channels_of(module)
    resolution = wanted.resolution or RESOLUTION
    return Found(
        module=module,
        name=None,
        label=label,
        resolution=resolution,
        in_channels=in_channels,
        options=None,
        shapes=wanted.input_shapes or ((in_channels, resolution, resolution),),
    )


def _imported(spec: str) -> nn.Module:
    """The module that `package.module:callable` returns; the working folder is on the path, as for `python -m`."""
    package, _, name = spec.partition(":")
    sys.path.insert(0, "")
    try:
        made = getattr(importlib.import_module(package), name)()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise UsageError("callable-not-found", got=spec, reason=error) from None
    finally:
        sys.path.remove("")
    if not isinstance(made, nn.Module):
        raise DataError("callable-no-module", got=spec, made=type(made).__name__)
    return made


def parse_shapes(words: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """`3x224x224` -> (3, 224, 224), one shape for each input. Raises: UsageError for anything else."""
    shapes = []
    for word in words:
        sides = word.lower().split("x")
        if not all(side.isdecimal() and int(side) > 0 for side in sides):
            raise UsageError("shape-not-one", got=word)
        shapes.append(tuple(int(side) for side in sides))
    return tuple(shapes)

"""`lissom profile`: what a network costs, layer by layer, and how accurate it was published to be."""

import importlib
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lissom import models
from lissom.errors import DataError, UsageError
from lissom.profiler import count
from lissom.runs.folder import open_run


def profile(
    model: str | nn.Module,
    *,
    resolution: int | None = None,
    in_channels: int | None = None,
    num_classes: int | None = None,
    width: float = 1.0,
    options: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Parameters and MACs of a network at one resolution, in all and for each layer.

    model: a name that `lissom models` lists, a run folder, `package.module:callable` that returns a module, or a
    module. Returns the profile as plain data: `network`, `resolution`, `in_channels`, `parameters`, `macs`,
    `convention`, `layers`, `unknown`, and `published` (`top1` in percent and its `source`, or None).
    Raises: UsageError for a name that is unknown, DataError for a resolution that the network cannot take.
    """
    module, settings = _find(model, in_channels, num_classes, width, options or {})
    resolution = resolution or settings["resolution"]
    if settings["name"]:
        models.check_resolution(module, resolution)
    in_channels = settings["in_channels"]
    counted = count(module, resolution=resolution, in_channels=in_channels).to_dict()
    return {
        "network": settings["label"],
        "resolution": resolution,
        "in_channels": in_channels,
        "published": _published(settings, resolution),
        **counted,
    }


def _find(
    model: Any, in_channels: int | None, num_classes: int | None, width: float, options: dict
) -> tuple[Any, dict]:
    """The module, on the meta device where we build it, and what else there is to know of it."""
    if isinstance(model, nn.Module):
        return model, _foreign(type(model).__name__, in_channels)
    if (Path(model) / "run.json").is_file():
        run = open_run(Path(model))
        chosen = run.config.model
        name, width, options = chosen.model, chosen.width, chosen.options
        in_channels, num_classes = run.data["in_channels"], len(run.data["class_names"])
        resolution = run.data["resolution"]
    elif ":" in model:
        return _imported(model), _foreign(model, in_channels)
    else:
        name, resolution = model, models.entry(model).resolution
    in_channels = in_channels or 3
    num_classes = num_classes or models.entry(name).num_classes
    with torch.device("meta"):
        module = models.build(name, num_classes=num_classes, in_channels=in_channels, width=width, **options)
    plain = in_channels == 3 and num_classes == models.entry(name).num_classes
    return module, {
        "name": name,
        "label": name if width == 1 else f"{name} x{width:g}",
        "resolution": resolution,
        "in_channels": in_channels,
        "options": {**options, **({} if width == 1 else {"width": width})} if plain else None,
    }


def _foreign(label: str, in_channels: int | None) -> dict[str, Any]:
    return {"name": None, "label": label, "resolution": 224, "in_channels": in_channels or 3, "options": None}


def _imported(spec: str) -> nn.Module:
    """The module that `package.module:callable` returns; the working folder is on the path, as for `python -m`."""
    package, _, name = spec.partition(":")
    sys.path.insert(0, "")
    try:
        made = getattr(importlib.import_module(package), name)()
    except (ImportError, AttributeError, TypeError) as error:
        raise UsageError("callable-not-found", got=spec, reason=error) from None
    finally:
        sys.path.remove("")
    if not isinstance(made, nn.Module):
        raise DataError("callable-no-module", got=spec, made=type(made).__name__)
    return made


def _published(settings: dict[str, Any], resolution: int) -> dict[str, Any] | None:
    """The accuracy that was published for just these options and this resolution."""
    if settings["options"] is None:
        return None
    for row in models.entry(settings["name"]).published:
        if dict(row.options) == settings["options"] and row.resolution == resolution and row.top1 is not None:
            return {"top1": row.top1, "source": row.source}
    return None

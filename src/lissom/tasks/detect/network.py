"""The network of a run: of the catalogue or of a model file, for the classes and anchors of its data."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lissom import models
from lissom.config import ModelConfig
from lissom.errors import DataError, UsageError
from lissom.models.registry import typed_options
from lissom.tasks.detect.facts import Anchors, DetectFacts
from lissom.tasks.detect.networks import named_file
from lissom.tasks.detect.rows.network import RowNetwork, network
from lissom.tasks.detect.rows.reading import parse, read
from lissom.tasks.detect.rows.rowfile import NamedBackbone, RowFile
from lissom.weights.numerics import Numerics, apply_numerics

ENDINGS = (".yaml", ".yml")
LEAST_MOMENTUM = 0.03  # of norms, YOLOv5's: with MobileNetV3's 0.01 the statistics of a short training lag behind


def is_file(model: ModelConfig) -> bool:
    """Whether the network is that of a model file."""
    return model.model.endswith(ENDINGS)


def file_of(model: ModelConfig, rows: str = "", *, num_classes: int | None = None) -> RowFile:
    """The model file of the settings; rows: its text where that is known already.

    Raises: DataError for a file that is none; UsageError for a network or an option that is none, or is not for boxes.
    """
    if not is_file(model):
        return _named(model, num_classes or 80)
    options = dict(model.options)
    section = options.pop("section", None)
    if options or model.width != 1:
        raise UsageError("detect-file-settings", path=model.model, got=", ".join(options) or "width")
    where = None if section is None else str(section)
    found = parse(rows, where=model.model, section=where) if rows else read(Path(model.model), section=where)
    return found if num_classes is None else replace(found, num_classes=num_classes)


def _named(model: ModelConfig, num_classes: int) -> RowFile:
    known = models.entry(model.model)
    if known.task != "detect":
        raise UsageError("network-not-for-boxes", name=model.model, known=", ".join(models.names("detect")))
    options: Any = {**known.options, **typed_options(known.name, model.options)}
    return named_file(known.name, num_classes=num_classes, width=model.width, **options)


def backbone_of(model: ModelConfig, rows: str = "") -> NamedBackbone | None:
    """The network of the catalogue that is its backbone, where it is one."""
    found = file_of(model, rows).backbone
    return found if isinstance(found, NamedBackbone) else None


def with_anchors(file: RowFile, anchors: Anchors) -> RowFile:
    return replace(file, anchors=tuple(tuple(side for pair in level for side in pair) for level in anchors))


def build(config: Any, facts: DetectFacts) -> RowNetwork:
    """The network of a run, with random weights, computing as the weights that it begins with want it."""
    model, classes = config.model, len(facts.class_names)
    file = file_of(model, facts.rows, num_classes=classes)
    file = with_anchors(file, facts.anchors) if facts.anchors else file
    made = network(replace(file, in_channels=facts.in_channels))
    if not is_file(model):
        known = models.entry(model.model)
        options = {**known.options, **typed_options(known.name, model.options)}
        sizes: Any = {"num_classes": classes, "in_channels": facts.in_channels, "width": model.width}
        made.identity = models.Identity(name=known.name, options=options, **sizes)
    if made.backbone is not None:
        apply_numerics(made.backbone, Numerics(facts.eps, facts.padding))
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d) and module.momentum is not None:
            module.momentum = max(module.momentum, LEAST_MOMENTUM)
    return made


def from_file(path: Path, options: dict[str, Any]) -> nn.Module:
    """The network of a model file as it stands there. Raises: DataError for faults in it."""
    return network(file_of(ModelConfig(model=str(path), options=options)))


def strides_of(file: RowFile) -> tuple[tuple[int, ...], int]:
    """Of the levels, and what sides of the input are multiples of. Raises: DataError for a file with faults."""
    known = file if not isinstance(file.anchors, int) else open_anchors(file, file.anchors)
    with torch.device("meta"):
        made = network(known)
    return tuple(level.stride for level in made.pyramid), made.multiple


def open_anchors(file: RowFile, count: int) -> RowFile:
    """With as many anchors for each level that Detect reads as the file leaves open, all alike."""
    levels = len(file.head[-1].source)
    return replace(file, anchors=tuple((float(8 << level),) * 2 * count for level in range(levels)))


def require_size(step: int, resolution: int) -> None:
    """Raises: DataError for a side that is no multiple of `step`."""
    if resolution % step:
        raise DataError("detect-side", got=resolution, stride=step, fitting=max(round(resolution / step), 1) * step)

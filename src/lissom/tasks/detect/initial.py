"""Weights that a detector begins with: of its backbone, or of another detector; how many tensors of it they are."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from lissom import models
from lissom.config import ModelConfig
from lissom.errors import DataError, UsageError
from lissom.events import Listener, Note, note
from lissom.models.classifier import Classifier
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.network import backbone_of
from lissom.tasks.detect.rows.rowfile import NamedBackbone
from lissom.tasks.detect.settings import DetectTrainConfig
from lissom.training.run import InitialWeights
from lissom.training.task import Begun, Fetch
from lissom.weights.listing import megabytes
from lissom.weights.loading import load
from lissom.weights.numerics import Numerics, apply_numerics
from lissom.weights.reading import read_file
from lissom.weights.source import Source, obtain, source
from lissom.weights.styles import OURS

OF_DATA = ("head.anchors", "head.strides")  # buffers that come from the data, not from weights
DETECTORS = ("rows.", "head.levels.")


Origin = tuple[Source, NamedBackbone | None]
"""Where the weights are, and the backbone that they may be of."""


def weights(config: DetectTrainConfig) -> Origin | None:
    """Where the weights are that the settings or the model file name, and the backbone that they may be of.

    Raises: UsageError for a name of weights where the network has no backbone of the catalogue.
    """
    backbone = backbone_of(config.model)
    named = config.model.weights or (backbone.weights if backbone else None)
    if not named:
        return None
    cache = config.data.cache_dir
    if backbone is not None:
        return source(named, backbone.name, {"width": backbone.width, **backbone.options}, cache_dir=cache), backbone
    if not Path(named).exists():
        raise UsageError("detect-weights-name", got=named, network=config.model.short)
    return source(named, "yolov5n", {}, cache_dir=cache), None  # a path: of which network is seen when it is read


def fetches(config: DetectTrainConfig, found: Origin | None) -> list[Fetch]:
    """Published weights, where they are not in the cache."""
    checkpoint = found[0].checkpoint if found else None
    if found is None or checkpoint is None or found[0].file.is_file():
        return []
    return [Fetch(checkpoint.address, found[0].file, megabytes(checkpoint))]


def resolved(model: ModelConfig, found: Origin | None) -> dict[str, object]:
    """Fields of the model's settings that the weights change: a whole path, the width that they have."""
    changes: dict[str, object] = {}
    if model.weights and Path(model.weights).exists():
        changes["weights"] = str(Path(model.weights).resolve())
    if found and found[0].checkpoint and found[1] and not model.model.endswith((".yaml", ".yml")):
        changes["width"] = dict(found[0].checkpoint.options).get("width", model.width)
    return changes


def start(model: nn.Module, found: Origin, facts: DetectFacts, listener: Listener) -> Begun:
    """Fetches and loads the weights and says how many tensors of the network they are; pixels are normalised as they
    want. Raises: DataError where none fits."""
    origin, backbone = found
    obtain(origin, listener=listener)
    read = read_file(origin.file)[0][0]
    if any(name.startswith(DETECTORS) for name in read.tensors):
        begun = _of_detector(model, origin, read.tensors, listener)
    elif backbone is not None and hasattr(model, "backbone"):
        begun = _of_backbone(model, origin, backbone, listener)
    else:
        raise _none(model, origin, read.tensors)
    norm = origin.norm.over(facts.in_channels)._asdict() if origin.norm else {}
    return begun._replace(facts={**begun.facts, **norm})


def _of_backbone(model: nn.Module, origin: Source, backbone: NamedBackbone, listener: Listener) -> Begun:
    """Those of a classifier, through the classifier that the backbone is of."""
    classifier = models.build(backbone.name, width=backbone.width, **backbone.options)
    assert isinstance(classifier, Classifier)
    loaded = load(classifier, origin.file, checkpoint=origin.checkpoint)
    state = classifier.backbone().state_dict()
    own: nn.Module = model.backbone  # type: ignore[assignment]
    own.load_state_dict(state)
    apply_numerics(own, loaded.numerics)
    told = (_counted(model, len(state), origin), *loaded.notes)
    for each in told:
        listener(note("weights.note", file=origin.file.name, note=each))
    row = loaded.checkpoint
    about = InitialWeights(
        file=str(origin.file), checkpoint=row and row.name, licence=row and row.licence, style=loaded.style, notes=told
    )
    return Begun(about, loaded.numerics._asdict())


def _of_detector(model: nn.Module, origin: Source, tensors: Mapping[str, Tensor], listener: Listener) -> Begun:
    """All tensors of the same name and shape; a head for other classes, and anchors, stay as they are."""
    wanted = {name: each for name, each in model.state_dict().items() if name not in OF_DATA}
    fitting = {n: t for n, t in tensors.items() if n in wanted and wanted[n].shape == t.shape}
    if not fitting:
        raise _none(model, origin, tensors)
    model.load_state_dict(fitting, strict=False)
    told = [_counted(model, len(fitting), origin)]
    if left := sorted(wanted.keys() - fitting.keys()):
        told.append(note("detect.weights-left", count=len(left), first=left[0]))
    for each in told:
        listener(note("weights.note", file=origin.file.name, note=each))
    return Begun(InitialWeights(file=str(origin.file), style=OURS, notes=tuple(told)), Numerics()._asdict())


def _counted(model: nn.Module, loaded: int, origin: Source) -> Note:
    total = sum(name not in OF_DATA for name in model.state_dict())
    return note("detect.weights-loaded", loaded=loaded, total=total, file=origin.file.name)


def _none(model: nn.Module, origin: Source, tensors: Mapping[str, Tensor]) -> DataError:
    total = sum(name not in OF_DATA for name in model.state_dict())
    return DataError("detect-weights-none", path=origin.file, total=total, names=", ".join(list(tensors)[:3]))

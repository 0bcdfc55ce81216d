"""A network with published weights, and how it sees images: resized, cropped and normalised as the publisher does."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image
from torch import nn

from lissom import models
from lissom.data.files import Pixels, fit_square
from lissom.device import choose_device
from lissom.errors import DataError, UsageError
from lissom.events import Note, note
from lissom.models.contract import Origin
from lissom.runs.folder import is_run
from lissom.tasks.classify.eval_transform import resize_and_crop, scale_and_standardise
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.tasks.classify.predictor import View
from lissom.training.run import Run, open_run
from lissom.training.trained import trained
from lissom.weights.build import build
from lissom.weights.catalogue import described
from lissom.weights.checkpoint import IMAGENET, Checkpoint
from lissom.weights.source import Source, given_options, source, typed_given

IMAGENET_CLASSES = 1000


def published(name: str, weights: str, options: Mapping[str, Any], device: str) -> tuple[View, nn.Module]:
    """The network called `name`, in eval mode, and how it sees images.

    weights: as `lissom.build` takes them. options: of `build`, width included; strings are read as their types.
    Raises: as `lissom.build`; DataError for weights of another number of classes, whose labels would be random.
    """
    given = typed_given(name, options)
    if run := _run(weights):
        return _view_of_run(run, name, given), trained(run, choose_device(device))
    network = build(name, weights, **_sizes(name), **given)
    if network.origin and network.origin.new_head:
        raise DataError("weights-of-other-classes", path=network.origin.file, model=name, expected=_classes(name))
    view = published_view(name, weights, given)
    told = _told(network.origin, weights)
    return view._replace(notes=(*view.notes, *told)), network.eval().to(choose_device(device))


def published_view(name: str, weights: str, options: Mapping[str, Any]) -> View:
    """How the network sees images; nothing is fetched or built. Raises: as `lissom.weights.source.source`."""
    given = typed_given(name, options)
    if run := _run(weights):
        return _view_of_run(run, name, given)
    found = source(weights, name, given)
    mean, std = found.norm or IMAGENET
    row = found.checkpoint
    resolution = row.resolution if row else models.entry(name).resolution
    fit = fit_of(row) if row else partial(fit_square, resolution=resolution)
    labels = _labels(_classes(name))
    return View(labels, mean, std, len(mean), resolution, fit, scale_and_standardise, _notes(found, resolution))


def _run(weights: str) -> Run | None:
    """The run that the weights are of: its folder, or a file in it."""
    path = Path(weights)
    folder = path if is_run(path) else path.parent
    return open_run(folder) if path.exists() and is_run(folder) else None


def _view_of_run(run: Run, name: str, given: Mapping[str, Any]) -> View:
    """That of the run itself. Raises: UsageError where the run is of another network or of other options."""
    if not isinstance(run.facts, ClassifyFacts) or run.config.model.model != name:
        raise UsageError("weights-of-another-network", name=run.path, got=name, network=run.config.model.model)
    built = {"width": 1.0, **models.entry(name).options, **given_options(run.config.model)}
    if any(built[option] != value for option, value in given.items()):
        raise UsageError("weights-other-options", network=name, got=described(given), wanted=described(built))
    return View.of(run.facts)


def fit_of(row: Checkpoint) -> Callable[[Pixels], Pixels]:
    """The publisher's resizing and crop."""
    resample = Image.Resampling[row.interpolation.upper()]
    sizes = {"resize": row.resize, "resolution": row.resolution}
    return partial(resize_and_crop, **sizes, resample=resample, crop_down=row.crop_down)


def _notes(found: Source, resolution: int) -> tuple[Note, ...]:
    if found.checkpoint:
        return ()
    return (note("weights.unknown-transform", file=found.file, resolution=resolution),)


def _told(loaded: Origin | None, weights: str) -> tuple[Note, ...]:
    """What is not as in a file that was named; that of the catalogue needs no words."""
    if loaded is None or not Path(weights).is_file():
        return ()
    return tuple(note("weights.note", file=loaded.file, note=told) for told in loaded.notes)


def _sizes(name: str) -> dict[str, int]:
    return {"num_classes": _classes(name), "in_channels": len(IMAGENET.mean)}


def _classes(name: str) -> int:
    return models.entry(name).num_classes


def _labels(classes: int) -> Sequence[str]:
    """ImageNet's names as torchvision has them; numbers for other classes."""
    if classes != IMAGENET_CLASSES:
        return [str(number) for number in range(classes)]
    from torchvision.models import MobileNet_V2_Weights

    return MobileNet_V2_Weights.DEFAULT.meta["categories"]

"""From the settings of a run on photos to its network and its data."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import nn

from lissom import models
from lissom.config import cache_folder
from lissom.events import Listener, Note, note, silent
from lissom.models.classifier import Classifier
from lissom.models.own import is_own, require_classes
from lissom.tasks.classify.data import images
from lissom.tasks.classify.data.augment import Augment
from lissom.tasks.classify.data.batches import TrainBatches
from lissom.tasks.classify.data.idle import refuse_idle
from lissom.tasks.classify.data.sources import open_source
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.training.run import InitialWeights, Run
from lissom.training.task import Begun
from lissom.weights.loading import load
from lissom.weights.numerics import Numerics, apply_numerics
from lissom.weights.source import Source, obtain
from lissom.weights.styles import OURS


def build_model(config: ClassifyTrainConfig, *, num_classes: int, in_channels: int) -> Classifier:
    """The network of a run, freshly initialised."""
    chosen = config.model
    return models.build(  # type: ignore[return-value]
        chosen.model, num_classes=num_classes, in_channels=in_channels, width=chosen.width, **chosen.options
    )


def build(config: ClassifyTrainConfig, facts: ClassifyFacts) -> Classifier:
    """The network of a run, with random weights, computing as the weights that it begins with want it."""
    model = build_model(config, num_classes=len(facts.class_names), in_channels=facts.in_channels)
    if is_own(config.model.model):
        (shape,) = inputs(config, facts)
        require_classes(model, config.model.short, shape, len(facts.class_names))
    models.check_resolution(model, facts.resolution)
    apply_numerics(model, Numerics(facts.eps, facts.padding))
    return model


def inputs(config: ClassifyTrainConfig, facts: ClassifyFacts) -> tuple[tuple[int, ...], ...]:
    """One image at the resolution really used."""
    return ((facts.in_channels, facts.resolution, facts.resolution),)


def load_data(config: ClassifyTrainConfig, listener: Listener = silent, run: Run | None = None) -> images.ImageData:
    """The images of a run, decoded and split."""
    entry, resolution = models.entry(config.model.model), config.data.resolution
    if resolution and resolution < entry.stride:  # what can be refused now costs no decoding
        with torch.device("meta"):
            models.check_resolution(build_model(config, num_classes=2, in_channels=1), resolution)
    folder = cache_folder(config.data.cache_dir)
    return images.load(
        config.data,
        cache_dir=folder,
        default_resolution=entry.resolution,
        facts=run.facts if run else None,
        listener=listener,
    )


def content(config: ClassifyTrainConfig, listener: Listener = silent) -> Mapping[str, str]:
    """The digest of each item of the images, by its name below the enclosing folders: `train/class/image`."""
    folder, data = cache_folder(config.data.cache_dir), config.data
    source = open_source(data.data, cache_dir=folder, download=data.download, listener=listener)
    return source.content(folder, listener, workers=data.workers).digests


def decide(config: ClassifyTrainConfig, data: images.ImageData) -> ClassifyTrainConfig:
    """With the resolution, crop and flip that these images want. Raises: UsageError for a setting without effect."""
    refuse_idle(config.data, data.split)
    resolved = Augment.resolve(config.augment, resolution=data.resolution, small=data.small, mirrored=data.mirrored)
    crop = resolved.pad if data.small else config.augment.crop
    return replace(
        config,
        data=replace(config.data, resolution=data.resolution),
        augment=replace(config.augment, crop=crop, flip=resolved.flip),
    )


def start(model: nn.Module, weights: Source, facts: ClassifyFacts, listener: Listener) -> Begun:
    """Fetches and loads the weights, and says what is not as in their file; the pixels are normalised as they want."""
    obtain(weights, listener=listener)
    loaded = load(model, weights.file, checkpoint=weights.checkpoint)
    row = loaded.checkpoint
    notes = loaded.notes + (_small_input(model, facts) if row or loaded.style != OURS else ())
    for told in notes:
        listener(note("weights.note", file=loaded.file.name, note=told))
    about = InitialWeights(
        file=str(loaded.file),
        checkpoint=row and row.name,
        licence=row and row.licence,
        style=loaded.style,
        notes=notes,
    )
    norm = weights.norm.over(facts.in_channels)._asdict() if weights.norm else {}
    return Begun(about, {**loaded.numerics._asdict(), **norm})


def _small_input(model: nn.Module, facts: ClassifyFacts) -> tuple[Note, ...]:
    """Published weights saw several pixels in the last map; on one they are worth little."""
    if not isinstance(model, Classifier) or model.identity is None:  # nothing is known of its maps
        return ()
    known = models.entry(model.identity.name)
    if facts.resolution >= 2 * known.stride or facts.resolution >= known.resolution:
        return ()
    sides = {"resolution": facts.resolution, "expected": known.resolution, "least": 3 * known.stride}
    return (note("weights.small-input", **sides),)


def training_batches(
    config: ClassifyTrainConfig, data: images.ImageData, facts: ClassifyFacts, device: torch.device
) -> TrainBatches:
    """The training images, augmented and cut into the parts that the settings ask for."""
    engine = config.engine
    return TrainBatches(
        data,
        facts,
        config.augment,
        batch_size=engine.step_size,
        parts=engine.devices * engine.accumulate,
        seed=engine.seed,
        device=device,
        channels_last=engine.channels_last,
        num_classes=len(data.class_names),
        balance=config.data.balance,
    )

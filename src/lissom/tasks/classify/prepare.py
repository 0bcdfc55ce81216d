"""From the settings of a run on photos to its network and its data."""

from dataclasses import replace

import torch
from torch import nn

from lissom import models
from lissom.config import cache_folder
from lissom.events import Listener, note, silent
from lissom.models.classifier import Classifier
from lissom.profiler import count
from lissom.runs.weights import load_weights
from lissom.tasks.classify.data import images
from lissom.tasks.classify.data.batches import TrainBatches
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.training.run import InitialWeights, Run
from lissom.training.task import Begun, Cost
from lissom.weights.loading import load
from lissom.weights.numerics import Numerics, apply_numerics
from lissom.weights.source import obtain, source_of


def build_model(config: ClassifyTrainConfig, *, num_classes: int, in_channels: int) -> Classifier:
    """The network of a run, freshly initialised."""
    chosen = config.model
    return models.build(  # type: ignore[return-value]
        chosen.model, num_classes=num_classes, in_channels=in_channels, width=chosen.width, **chosen.options
    )


def build(config: ClassifyTrainConfig, facts: ClassifyFacts) -> Classifier:
    """The network of a run, with random weights, computing as the weights that it begins with want it."""
    model = build_model(config, num_classes=len(facts.class_names), in_channels=facts.in_channels)
    apply_numerics(model, Numerics(facts.eps, facts.padding))
    return model


def load_model(run: Run, device: torch.device) -> nn.Module:
    """A run's network with its best weights, in eval mode."""
    model = build(run.config, run.facts)
    load_weights(model, run.best, classifier=model.ends.classifier)
    return model.eval().to(device)


def load_data(config: ClassifyTrainConfig, listener: Listener = silent) -> images.ImageData:
    """The images of a run, decoded and split."""
    entry = models.entry(config.model.model)
    if config.data.resolution:  # what can be refused now costs no decoding
        with torch.device("meta"):
            models.check_resolution(build_model(config, num_classes=2, in_channels=1), config.data.resolution)
    folder = cache_folder(config.data.cache_dir)
    data = images.load(config.data, cache_dir=folder, default_resolution=entry.resolution, listener=listener)
    weights = source_of(config.model, config.data.cache_dir)
    if weights is None or weights.norm is None:
        return data
    norm = weights.norm.over(data.in_channels)  # the weights' own, not that of these images
    return replace(data, mean=norm.mean, std=norm.std)


def start(model: nn.Module, config: ClassifyTrainConfig, listener: Listener) -> Begun | None:
    """Fetches and loads the weights that the settings name, and says what is not as in their file."""
    weights = source_of(config.model, config.data.cache_dir)
    if weights is None:
        return None
    obtain(weights, listener=listener)
    loaded = load(model, weights.file, checkpoint=weights.checkpoint)
    for told in loaded.notes:
        listener(note("weights.note", file=loaded.file.name, note=told))
    row = loaded.checkpoint
    about = InitialWeights(
        file=str(loaded.file),
        checkpoint=row and row.name,
        licence=row and row.licence,
        style=loaded.style,
        notes=loaded.notes,
    )
    return Begun(about, loaded.numerics._asdict())


def cost(config: ClassifyTrainConfig, facts: ClassifyFacts) -> Cost:
    """Parameters and MACs at the resolution really used; raises when the network cannot take it."""
    with torch.device("meta"):
        model = build_model(config, num_classes=len(facts.class_names), in_channels=facts.in_channels)
    models.check_resolution(model, facts.resolution)
    profile = count(model, resolution=facts.resolution, in_channels=facts.in_channels)
    return Cost(profile.parameters, profile.macs)


def training_batches(config: ClassifyTrainConfig, data: images.ImageData, device: torch.device) -> TrainBatches:
    """The training images, augmented and cut into the parts that the settings ask for."""
    engine = config.engine
    return TrainBatches(
        data,
        config.augment,
        batch_size=engine.batch_size,
        parts=engine.devices * engine.accumulate,
        seed=engine.seed,
        device=device,
        channels_last=engine.channels_last,
        num_classes=len(data.class_names),
        balance=config.data.balance,
    )

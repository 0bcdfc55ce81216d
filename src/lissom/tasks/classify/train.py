"""What a training on photos is made of, for the life that all tasks share."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from lissom.errors import UsageError
from lissom.events import note
from lissom.models import canonical, entry
from lissom.models.own import is_own, located
from lissom.report import sheet
from lissom.report.lettering import class_labels
from lissom.report.saving import save_picture
from lissom.tasks.classify.data.batches import EvalBatches
from lissom.tasks.classify.data.images import ImageData
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.tasks.classify.objective import Classify, class_weights
from lissom.tasks.classify.prepare import training_batches
from lissom.tasks.classify.settings import AugmentConfig, ClassifyTrainConfig
from lissom.training.task import Batches
from lissom.weights.source import Source, resolve_options, source_of

SHOWN = 32  # images of the sample sheet


def weights(config: ClassifyTrainConfig) -> Source | None:
    """Where the weights are that the settings name."""
    return source_of(config.model, config.data.cache_dir)


def resolve_defaults(config: ClassifyTrainConfig, source: Source | None) -> ClassifyTrainConfig:
    """The options that the weights want and that were not given. Raises: UsageError for a setting without effect."""
    augment = config.augment
    if not augment.randaugment and augment.magnitude != AugmentConfig.magnitude:
        raise UsageError("setting-idle", name="magnitude", got=augment.magnitude, reason=note("idle.magnitude"))
    if source:
        config = replace(config, model=resolve_options(config.model, source))
    name = config.model.model
    known = entry(name)
    if known.task is not None:
        raise UsageError("network-not-for-photos", name=name, task=known.task)
    return replace(config, model=replace(config.model, model=located(name) if is_own(name) else canonical(name)))


def objective(config: ClassifyTrainConfig, data: ImageData) -> Classify:
    balanced = config.data.balance == "weights"
    of_class = class_weights(data.train.labels, len(data.class_names)) if balanced else None
    return Classify(label_smoothing=config.optim.label_smoothing, class_weights=of_class)


def batches(config: ClassifyTrainConfig, data: ImageData, facts: ClassifyFacts, device: Any) -> Batches:
    val = EvalBatches(data.val, facts, device=device, channels_last=config.engine.channels_last)
    return Batches(training_batches(config, data, facts, device), val)


def begin(folder: Path, config: ClassifyTrainConfig, data: ImageData, facts: ClassifyFacts, made: Batches) -> None:
    """samples.png and .svg: the first training batch as the network will see it, augmented."""
    batch = next(made.train.epoch(0, parts=range(1)))[0]
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (facts.mean, facts.std))
    pixels = ((batch.images[:SHOWN].cpu() * std + mean) * 255).round().clamp(0, 255).to(torch.uint8)
    labels = class_labels(data.class_names)
    names = [labels[label] for label in batch.labels[:SHOWN]]
    picture = sheet.sheet(list(pixels.permute(0, 2, 3, 1).numpy()), names)
    save_picture(picture, folder / "samples")

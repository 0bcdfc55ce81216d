"""What a training on photos with boxes is made of, for the life that all tasks share."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lissom.atomic import write_atomic
from lissom.boxes.forms import to_corners
from lissom.models import canonical
from lissom.report import sheet
from lissom.report.saving import save_picture
from lissom.tasks.detect.batches import DetectBatch, EvalBatches, Normaliser, Store, TrainBatches
from lissom.tasks.detect.drawing import drawn
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.heads import head_of
from lissom.tasks.detect.initial import Origin, resolved
from lissom.tasks.detect.network import is_file
from lissom.tasks.detect.objective import Detect
from lissom.tasks.detect.prepare import DetectData
from lissom.tasks.detect.settings import DetectTrainConfig
from lissom.training.task import Batches

SHOWN = 16  # images of the sheet of targets
MODEL_FILE = "model.yaml"


def resolve_defaults(config: DetectTrainConfig, found: Origin | None) -> DetectTrainConfig:
    """The network by the catalogue's spelling, or a model file by its whole path; what the weights decide."""
    name = config.model.model
    whole = str(Path(name).expanduser().resolve()) if is_file(config.model) else canonical(name)
    changes: Any = {"model": whole, **resolved(config.model, found)}
    return replace(config, model=replace(config.model, **changes))


def objective(config: DetectTrainConfig, data: DetectData) -> Detect:
    return Detect(head_of(data.facts, config.optim), data.val, len(data.facts.class_names))


def batches(config: DetectTrainConfig, data: DetectData, facts: DetectFacts, device: Any) -> Batches:
    engine, keep = config.engine, config.data.cache == "auto"
    normalise = Normaliser(facts, device, channels_last=engine.channels_last)
    train = TrainBatches(
        Store(data.train, facts.resolution, keep=keep),
        facts,
        config.augment,
        normalise,
        batch_size=engine.step_size,
        parts=engine.devices * engine.accumulate,
        seed=engine.seed,
        workers=config.data.workers,
        epochs=engine.epochs,
    )
    return Batches(train, EvalBatches(Store(data.val, facts.resolution, keep=keep), facts, normalise))


def begin(folder: Path, config: DetectTrainConfig, data: DetectData, facts: DetectFacts, made: Batches) -> None:
    """targets.png and .svg: the first training batch as the network will see it, with what it is to find; model.yaml,
    where the network is that of a file."""
    if facts.rows:
        write_atomic(folder / MODEL_FILE, facts.rows)
    batch = next(made.train.epoch(0, parts=range(1)))[0]
    save_picture(sheet.sheet(targets(batch, facts), columns=4), folder / "targets")


def targets(batch: DetectBatch, facts: DetectFacts) -> list[np.ndarray]:
    """The images of a batch with their targets drawn on them, each H W 3."""
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (facts.mean, facts.std))
    pixels = ((batch.images[:SHOWN].cpu() * std + mean) * 255).round().clamp(0, 255).to(torch.uint8)
    corners, of = to_corners(batch.boxes.cpu()).numpy(), batch.of.cpu().numpy()
    classes = batch.classes.cpu().numpy()
    return [
        drawn(image, corners[of == number], classes[of == number], facts.class_names)
        for number, image in enumerate(pixels.permute(0, 2, 3, 1).numpy())
    ]

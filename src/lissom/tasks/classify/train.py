"""A classifier trained on photos: settings -> a finished run folder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lissom.device import choose_device, set_threads
from lissom.engine.checkpoint import newest
from lissom.engine.fit import fit
from lissom.engine.processes import launch, on_first
from lissom.engine.seeds import seed_everything
from lissom.errors import DataError
from lissom.events import Listener, Note, Stop
from lissom.models.classifier import Classifier
from lissom.report import sheet
from lissom.report.saving import save_picture
from lissom.tasks.classify.data.batches import EvalBatches
from lissom.tasks.classify.data.images import ImageData
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.tasks.classify.finish import finish
from lissom.tasks.classify.objective import Classify, class_weights
from lissom.tasks.classify.prepare import begin_with_weights, build_model, cost, load_data, training_batches
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.training.run import DataUsed, Record, Run, begin, open_run
from lissom.training.task import Place
from lissom.weights.loading import Loaded
from lissom.weights.numerics import Numerics, apply_numerics
from lissom.weights.source import obtain, settled, source_of

SHOWN = 32  # images of the sample sheet


def plan(config: ClassifyTrainConfig, place: Place, listener: Listener) -> dict[str, Any]:
    """What `train` would do, after checking network and data as it does: sizes, steps, cost and folder."""
    config = replace(config, model=settled(config.model, config.data.cache_dir))
    data = load_data(config, listener)
    costs = cost(config, data)
    return {
        "network": config.model.label,
        "data": config.data.data,
        "resolution": data.resolution,
        "classes": len(data.class_names),
        **data.sizes,
        "epochs": config.engine.epochs,
        "steps": len(data.train) // config.engine.batch_size,
        "folder": str(Path(place.runs_dir) / (place.name or f"{_stem(config, data)}-...")),
        **costs,
    }


def train(config: ClassifyTrainConfig, place: Place, listener: Listener, stop: Stop | None) -> Path:
    """Checks network, settings and data, then makes a run folder and fills it."""
    set_threads(config.engine.threads, processes=config.engine.devices)
    choose_device(config.engine.device)
    config = replace(config, model=settled(config.model, config.data.cache_dir))
    data = load_data(config, listener)
    cost(config, data)
    _check_weights(config, data, listener)
    training_batches(config, data, torch.device("cpu"))  # its checks too come before anything is written
    return launch(_train_rank, config.engine, config, place, None, listener=listener, stop=stop)


def resume(run: Run, listener: Listener, stop: Stop | None) -> Path:
    """Continues an interrupted run. Raises: DataError when its data has changed."""
    return launch(_train_rank, run.config.engine, run.config, None, run.path, listener=listener, stop=stop)


def _check_weights(config: ClassifyTrainConfig, data: ImageData, listener: Listener) -> None:
    """Fetches the weights that the settings name, tries them, and says what is not as in their file."""
    weights = source_of(config.model, config.data.cache_dir)
    if weights is None:
        return
    obtain(weights, listener=listener)
    loaded = begin_with_weights(_model(config, data), config)
    assert loaded, "weights were named"
    for note in loaded.notes:
        listener(Note(name="weights.note", values={"file": loaded.file.name, "note": note}))


def _model(config: ClassifyTrainConfig, data: ImageData) -> Classifier:
    return build_model(config, num_classes=len(data.class_names), in_channels=data.in_channels)


def _stem(config: ClassifyTrainConfig, data: ImageData) -> str:
    width = "" if config.model.width == 1 else f"-x{config.model.width:g}"
    return f"{config.model.model}{width}-{data.name}"


def _train_rank(
    fabric: Any,
    config: ClassifyTrainConfig,
    place: Place | None,
    resumed: Path | None,
    *,
    listener: Listener,
    stop: Stop | None,
) -> Path:
    """What each process does: the same data and seed, its own parts of every batch; the first one writes.

    place: where a new run goes; resumed: the run to go on with.
    """
    engine, data = config.engine, load_data(config)
    if resumed is None:
        assert place
        folder = on_first(fabric, _begin, place, config, data)
    elif data.digest != open_run(resumed).record.data.digest:
        raise DataError("run-data-changed", run=resumed, data=config.data.data)
    else:
        folder = resumed
    seed_everything(engine.seed)
    model = _model(config, data)
    _begin_model(model, config, folder)
    weights = class_weights(data.train.labels, len(data.class_names)) if config.data.balance == "weights" else None
    fit(
        model,
        Classify(label_smoothing=config.optim.label_smoothing, class_weights=weights),
        training_batches(config, data, fabric.device),
        EvalBatches(data.val, data, device=fabric.device, channels_last=engine.channels_last),
        optim=config.optim,
        engine=engine,
        folder=folder,
        fabric=fabric,
        listener=listener,
        stop=stop,
        resume=resumed is not None,
    )
    on_first(fabric, _finish, folder, data)
    return folder


def _begin_model(model: nn.Module, config: ClassifyTrainConfig, folder: Path) -> None:
    """Loads the weights that the run begins with, and computes as they want it.

    A run that has a checkpoint goes on without their file: the checkpoint holds every weight.
    """
    run = open_run(folder)
    if newest(run.checkpoints):
        apply_numerics(model, Numerics(run.facts.eps, run.facts.padding))
    else:
        begin_with_weights(model, config)


def _finish(folder: Path, data: ImageData) -> None:
    finish(open_run(folder), data)


def _begin(place: Place, config: ClassifyTrainConfig, data: ImageData) -> Path:
    """Makes the run folder, with everything in it that is known before training."""
    loaded = begin_with_weights(_model(config, data), config)
    numerics, costs = loaded.numerics if loaded else Numerics(), cost(config, data)
    facts = ClassifyFacts(
        class_names=data.class_names,
        mean=data.mean,
        std=data.std,
        resolution=data.resolution,
        in_channels=data.in_channels,
        eps=numerics.eps,
        padding=numerics.padding,
    )
    used = DataUsed(source=config.data.data, digest=data.digest, split=data.split_note, sizes=data.sizes)
    record = Record(
        status="training",
        network=config.model.label,
        data=used,
        weights=_about(loaded) if loaded else None,
        parameters=costs["parameters"],
        macs=costs["macs"],
    )
    folder = begin(place, _stem(config, data), config=config, facts=facts, record=record)
    save_picture(_samples(config, data), folder / "samples", vector=False)
    return folder


def _about(loaded: Loaded) -> dict[str, Any]:
    """The weights that a run begins with, for its folder."""
    row = loaded.checkpoint
    return {
        "file": str(loaded.file),
        "checkpoint": row and row.name,
        "licence": row and row.licence,
        "style": loaded.style,
        "notes": list(loaded.notes),
    }


def _samples(config: ClassifyTrainConfig, data: ImageData) -> Any:
    """The first training batch as the network will see it, augmented."""
    batches = training_batches(config, data, torch.device("cpu"))
    batch = next(batches.epoch(0, parts=range(1)))[0]
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (data.mean, data.std))
    pixels = ((batch.images[:SHOWN] * std + mean) * 255).round().clamp(0, 255).to(torch.uint8)
    names = [data.class_names[label] for label in batch.labels[:SHOWN]]
    return sheet.sheet(list(pixels.permute(0, 2, 3, 1).numpy()), names)

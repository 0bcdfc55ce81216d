"""A classifier trained on photos: settings -> a finished run folder."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lissom.atomic import write_atomic
from lissom.config import TrainConfig, updated_flat
from lissom.data.order import class_weights
from lissom.device import choose_device, set_threads
from lissom.engine.checkpoint import newest
from lissom.engine.events import silent
from lissom.engine.fit import fit
from lissom.engine.processes import launch, on_first
from lissom.engine.seeds import seed_everything
from lissom.errors import DataError
from lissom.report import sheet
from lissom.report.saving import save_picture
from lissom.runs.environment import environment
from lissom.runs.folder import Run, create, open_run, write_run
from lissom.tasks.classify.data.batches import EvalBatches
from lissom.tasks.classify.data.images import ImageData
from lissom.tasks.classify.finish import finish
from lissom.tasks.classify.objective import Classify
from lissom.tasks.classify.prepare import (
    begin_with_weights,
    build_model,
    cost,
    load_data,
    network_label,
    training_batches,
)
from lissom.verbs.waiting import reading
from lissom.weights.loading import Loaded
from lissom.weights.numerics import Numerics, apply_numerics
from lissom.weights.source import obtain, settled, source_of

SHOWN = 32  # images of the sample sheet


def plan(config: TrainConfig, *, runs_dir: Path | str = "runs", name: str | None = None) -> dict[str, Any]:
    """What `train` would do, after checking network and data as it does: sizes, steps, cost and folder."""
    config = replace(config, model=settled(config.model, config.data.cache_dir))
    data = load_data(config)
    costs = cost(config, data)
    return {
        "network": network_label(config),
        "data": config.data.data,
        "resolution": data.resolution,
        "classes": len(data.class_names),
        "train": len(data.train),
        "val": len(data.val),
        "test": len(data.test),
        "epochs": config.engine.epochs,
        "steps": len(data.train) // config.engine.batch_size,
        "folder": str(Path(runs_dir) / (name or f"{_stem(config, data)}-...")),
        **costs,
    }


def train(
    config: TrainConfig | None = None,
    *,
    runs_dir: Path | str = "runs",
    name: str | None = None,
    quiet: bool = False,
    **settings: Any,
) -> Run:
    """Trains a classifier and returns its finished run.

    Settings are given as a `config`, or by their own names: `train(data="photos/", model="mobilenetv2", epochs=10)`.

    Network, settings and data are checked first; then the folder `runs_dir/name-time` is made and filled. The best
    weights are chosen on a part of the training images, and the test images are read once, at the end.
    Raises: UsageError and DataError for what cannot be trained, ResultError for a loss that is not finite,
    MachineError for disk, memory or device, Interrupted (with the command that resumes) after Ctrl-C.
    """
    config = updated_flat(config or TrainConfig(), settings)
    set_threads(config.engine.threads, processes=config.engine.devices)
    choose_device(config.engine.device)
    config = replace(config, model=settled(config.model, config.data.cache_dir))
    with reading(quiet=quiet) as progress:
        data = load_data(config, progress)
    cost(config, data)
    _check_weights(config, data, quiet=quiet)
    training_batches(config, data, torch.device("cpu"))  # its checks too come before anything is written
    place = (str(runs_dir), name or _stem(config, data), name is None)
    return open_run(launch(_train_rank, config.engine, config, place, None, quiet))


def resume(run: Run, *, quiet: bool = False) -> Run:
    """Continues an interrupted run on photos; `verbs.train.resume` calls it. Raises: DataError as that does."""
    return open_run(launch(_train_rank, run.config.engine, run.config, None, run.path, quiet))


def _check_weights(config: TrainConfig, data: ImageData, *, quiet: bool) -> None:
    """Fetches the weights that the settings name, tries them, and says what is not as in their file."""
    weights = source_of(config.model, config.data.cache_dir)
    if weights is None:
        return
    with reading(quiet=quiet) as progress:
        obtain(weights, progress=progress)
    loaded = begin_with_weights(_model(config, data), config)
    if loaded and not quiet:
        for note in loaded.notes:
            print(f"{loaded.file.name}: {note}", file=sys.stderr)


def _model(config: TrainConfig, data: ImageData) -> nn.Module:
    return build_model(config, num_classes=len(data.class_names), in_channels=data.in_channels)


def _stem(config: TrainConfig, data: ImageData) -> str:
    width = "" if config.model.width == 1 else f"-x{config.model.width:g}"
    return f"{config.model.model}{width}-{data.name}"


def _train_rank(
    fabric: Any, config: TrainConfig, place: tuple[str, str, bool] | None, resumed: Path | None, quiet: bool
) -> Path:
    """What each process does: the same data and seed, its own parts of every batch; the first one writes.

    place: where a new run goes, its name, and whether the time is added to it; resumed: the run to go on with.
    """
    engine, data = config.engine, load_data(config)
    if resumed is None:
        assert place
        folder = on_first(fabric, _begin, place, config, data)
    elif data.digest != open_run(resumed).data["data"]["digest"]:
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
        listener=silent if quiet else None,
        resume=resumed is not None,
    )
    on_first(fabric, _finish, folder, data)
    return folder


def _begin_model(model: nn.Module, config: TrainConfig, folder: Path) -> None:
    """Loads the weights that the run begins with, and computes as they want it.

    A run that has a checkpoint goes on without their file: the checkpoint holds every weight.
    """
    if newest(folder / "checkpoints"):
        apply_numerics(model, Numerics(**open_run(folder).data.get("numerics", {})))
    else:
        begin_with_weights(model, config)


def _finish(folder: Path, data: ImageData) -> None:
    finish(open_run(folder), data)


def _begin(place: tuple[str, str, bool], config: TrainConfig, data: ImageData) -> Path:
    """Makes the run folder, with everything in it that is known before training."""
    runs_dir, name, dated = place
    folder = create(runs_dir, name, dated=dated)
    facts = {
        "status": "training",
        "task": "classify",
        "network": network_label(config),
        "class_names": list(data.class_names),
        "mean": list(data.mean),
        "std": list(data.std),
        "resolution": data.resolution,
        "in_channels": data.in_channels,
        "data": {
            "source": config.data.data,
            "digest": data.digest,
            "split": data.split_note,
            "train": len(data.train),
            "val": len(data.val),
            "test": len(data.test),
        },
        **cost(config, data),
    }
    loaded = begin_with_weights(_model(config, data), config)
    if loaded:
        facts |= {"numerics": loaded.numerics._asdict(), "weights": _about(loaded)}
    write_run(folder, facts, config=config)
    found = {**environment(), "seed": config.engine.seed, "data_digest": data.digest}
    write_atomic(folder / "env.json", json.dumps(found, indent=2, ensure_ascii=False, default=str) + "\n")
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


def _samples(config: TrainConfig, data: ImageData) -> Any:
    """The first training batch as the network will see it, augmented."""
    batches = training_batches(config, data, torch.device("cpu"))
    batch = next(batches.epoch(0, parts=range(1)))[0]
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (data.mean, data.std))
    pixels = ((batch.images[:SHOWN] * std + mean) * 255).round().clamp(0, 255).to(torch.uint8)
    names = [data.class_names[label] for label in batch.labels[:SHOWN]]
    return sheet.sheet(list(pixels.permute(0, 2, 3, 1).numpy()), names)

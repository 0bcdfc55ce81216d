"""`lissom train classify` and `lissom resume`: settings -> a finished run folder."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch

from lissom.config import TrainConfig, updated_flat
from lissom.data.batches import EvalBatches, class_weights
from lissom.data.images import ImageData
from lissom.device import choose_device, set_threads
from lissom.engine.checkpoint import newest
from lissom.engine.events import silent
from lissom.engine.fit import fit
from lissom.engine.processes import launch
from lissom.engine.progress import Progress
from lissom.engine.seeds import seed_everything
from lissom.errors import DataError
from lissom.report import canvas, sheet
from lissom.runs.environment import environment
from lissom.runs.folder import Run, create, open_run, write_atomic, write_run
from lissom.tasks.classify import Classify
from lissom.verbs.assemble import build_model, cost, load_data, network_label, training_batches
from lissom.verbs.finish import finish


def plan(config: TrainConfig, *, runs_dir: Path | str = "runs", name: str | None = None) -> dict[str, Any]:
    """What `train` would do, after checking network and data as it does: sizes, steps, cost and folder."""
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
        "folder": str(Path(runs_dir) / f"{name or _stem(config, data)}-..."),
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
    data = load_data(config)
    costs = cost(config, data)
    training_batches(config, data, torch.device("cpu"))  # its checks, before anything is written
    folder = create(runs_dir, name or _stem(config, data))
    _describe(folder, config, data, costs)
    return _work(folder, config, quiet=quiet, resume=False)


def resume(
    run_folder: Path | str, *, device: str | None = None, threads: int | None = None, quiet: bool = False
) -> Run:
    """Continues an interrupted run from its newest sound checkpoint and returns it finished.

    On a CPU with the same threads the weights end up bit for bit as if nothing had happened.
    Raises: DataError when it is no run, is finished, or its data has changed since.
    """
    run = open_run(run_folder)
    if run.status == "finished":
        raise DataError("run-finished", run=run_folder, epoch=run.history[-1]["epoch"])
    changes = {key: value for key, value in (("device", device), ("threads", threads)) if value is not None}
    config = dataclasses.replace(run.config, engine=dataclasses.replace(run.config.engine, **changes))
    return _work(run.path, config, quiet=quiet, resume=True)


def resume_point(run_folder: Path | str) -> int:
    """The number of optimizer steps that the newest checkpoint holds; 0 when there is none."""
    return newest(open_run(run_folder).checkpoints)


def _stem(config: TrainConfig, data: ImageData) -> str:
    width = "" if config.model.width == 1 else f"-x{config.model.width:g}"
    return f"{config.model.model}{width}-{data.name}"


def _describe(folder: Path, config: TrainConfig, data: ImageData, costs: dict[str, int]) -> None:
    """Everything of the run folder that is known before training."""
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
            "train": len(data.train),
            "val": len(data.val),
            "test": len(data.test),
        },
        **costs,
    }
    write_run(folder, facts, config=config)
    found = {**environment(), "seed": config.engine.seed, "data_digest": data.digest}
    write_atomic(folder / "env.json", json.dumps(found, indent=2, ensure_ascii=False, default=str) + "\n")
    pixels = training_batches(config, data, torch.device("cpu")).example(32)
    names = [data.class_names[label] for label in pixels.labels]
    picture = sheet.sheet(list(pixels.images), names)
    write_atomic(folder / "samples.png", canvas.render(picture).png)


def _work(folder: Path, config: TrainConfig, *, quiet: bool, resume: bool) -> Run:
    """Trains in as many processes as the settings ask for, then evaluates and reports in this one."""
    launch(_train_rank, config.engine, folder, config, quiet, resume)
    return finish(open_run(folder), load_data(config))


def _train_rank(fabric: Any, folder: Path, config: TrainConfig, quiet: bool, resume: bool) -> None:
    """What each process does: the same data, the same seed, its own parts of every batch."""
    engine = config.engine
    data = load_data(config)
    run = open_run(folder)
    if data.digest != run.data["data"]["digest"]:
        raise DataError("run-data-changed", run=folder, data=config.data.data)
    seed_everything(engine.seed)
    model = build_model(config, num_classes=len(data.class_names), in_channels=data.in_channels)
    weights = class_weights(data.train.labels, len(data.class_names)) if config.data.balance == "weights" else None
    val = EvalBatches(
        data.val, data, batch_size=256, device=fabric.device, channels_last=engine.channels_last
    )
    fit(
        model,
        Classify(label_smoothing=config.optim.label_smoothing, class_weights=weights),
        training_batches(config, data, fabric.device),
        val,
        optim=config.optim,
        engine=engine,
        folder=folder,
        fabric=fabric,
        listener=silent if quiet else Progress(),
        resume=resume,
    )

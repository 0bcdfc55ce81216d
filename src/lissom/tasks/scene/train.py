"""`lissom train scene`: from a cube and a label map to a run that has classified the whole scene."""

import json
from pathlib import Path
from typing import Any

from lissom.atomic import write_atomic
from lissom.config import SceneTrainConfig, updated_flat
from lissom.device import choose_device, set_threads
from lissom.engine.events import silent
from lissom.engine.fit import fit
from lissom.engine.processes import launch, on_first
from lissom.engine.seeds import seed_everything
from lissom.errors import DataError
from lissom.runs.environment import environment
from lissom.runs.folder import Run, create, open_run, write_run
from lissom.tasks.scene.data.batches import EvalPixels, Reduced, TrainPixels
from lissom.tasks.scene.finish import finish_scene
from lissom.tasks.scene.objective import ClassifyScene
from lissom.tasks.scene.prepare import (
    CLASSICAL,
    PREPROCESS,
    SceneData,
    build_network,
    network_cost,
    prepare,
    read,
    settled,
)
from lissom.tasks.scene.train_classical import train_classical
from lissom.tasks.scene.transfer import adopt, as_begun


def plan_scene(config: SceneTrainConfig, *, runs_dir: Path | str = "runs", name: str | None = None) -> dict[str, Any]:
    """What `train_scene` would do, after reading, splitting and reducing the scene as it does; writes nothing."""
    config = settled(config)
    data = prepare(config, read(config.scene))
    return {
        "network": scene_label(config),
        "data": data.scene.source,
        "window": config.scene.window,
        "classes": len(data.scene.class_ids),
        **data.sizes,
        "epochs": config.engine.epochs,
        "steps": -(-data.sizes["train"] // config.engine.batch_size),
        "folder": str(Path(runs_dir) / (name or f"{_stem(config, data)}-...")),
        **(network_cost(config, data) if config.model.model not in CLASSICAL else {"parameters": None, "macs": None}),
    }


def train_scene(
    config: SceneTrainConfig | None = None,
    *,
    runs_dir: Path | str = "runs",
    name: str | None = None,
    quiet: bool = False,
    download: bool = False,
    start: Path | str | None = None,
    **settings: Any,
) -> Run:
    """Trains a network on the pixels of one scene, classifies all of them, and returns the finished run.

    Settings are given as a `config`, or by their own names: `train_scene(cube="SalinasA.mat", window=17, epochs=50)`.
    download: fetch the files of a known scene. start: a run on another scene, whose network and weights this one begins
    with; its last layer is made anew where the classes are others, and that is said.
    Raises: UsageError and DataError for what cannot be trained, before anything is written; else as `train`.
    """
    if "data" in settings:  # the flag of the command line, and what the other task calls it
        settings["cube"] = settings.pop("data")
    config = updated_flat(config or SceneTrainConfig(), settings)
    config = settled(config if start is None else as_begun(config, start))
    set_threads(config.engine.threads, processes=config.engine.devices)
    choose_device(config.engine.device)
    data = prepare(config, read(config.scene, download=download))
    place = (str(runs_dir), name or _stem(config, data), name is None)
    if config.model.model in CLASSICAL:
        return train_classical(_begin(place, config, data), config, data)
    network_cost(config, data)
    del data  # each process reads the scene itself
    start = None if start is None else Path(start)
    return open_run(launch(_train_rank, config.engine, config, place, None, quiet, start))


def resume_scene(run: Run, *, quiet: bool = False) -> Run:
    """Continues an interrupted run on a scene; `verbs.train.resume` calls it. Raises: DataError as that does."""
    return open_run(launch(_train_rank, run.config.engine, run.config, None, run.path, quiet))


def scene_label(config: SceneTrainConfig) -> str:
    """`hybridsn window=25 batch_norm=True`, as tables and reports name it."""
    width = "" if config.model.width == 1 else f" x{config.model.width:g}"
    return config.model.model + width + "".join(f" {key}={value}" for key, value in config.model.options.items())


def _stem(config: SceneTrainConfig, data: SceneData) -> str:
    return f"{config.model.model}-{data.scene.name}".replace(" ", "-").lower()


def _train_rank(
    fabric: Any,
    config: SceneTrainConfig,
    place: tuple[str, str, bool] | None,
    resumed: Path | None,
    quiet: bool,
    start: Path | None = None,
) -> Path:
    """What each process does: the same scene and seed, its own parts of every batch; the first one writes."""
    data, engine = prepare(config, read(config.scene)), config.engine
    if resumed is None:
        assert place
        folder = on_first(fabric, _begin, place, config, data)
    elif data.scene.digest != open_run(resumed).data["data"]["digest"]:
        raise DataError("run-data-changed", run=resumed, data=data.scene.source)
    else:
        folder = resumed
    seed_everything(engine.seed)
    scene = Reduced(data.reduced.values.to(fabric.device))
    labels, parts = data.scene.labels, engine.devices * engine.accumulate
    model = build_network(config, num_classes=len(data.scene.class_ids), in_channels=data.fitted.components)
    if start and not resumed:
        note = adopt(model, open_run(start))
        on_first(fabric, write_run, folder, {"begun_with": note})
    fit(
        model,
        ClassifyScene(),
        TrainPixels(scene, labels, data.split.train, batch_size=engine.batch_size, parts=parts, seed=engine.seed),
        EvalPixels(scene, labels, data.split.val),
        optim=config.optim,
        engine=engine,
        folder=folder,
        fabric=fabric,
        listener=silent if quiet else None,
        resume=resumed is not None,
    )
    on_first(fabric, finish_scene, folder, data)
    return folder


def _begin(place: tuple[str, str, bool], config: SceneTrainConfig, data: SceneData) -> Path:
    """Makes the run folder, with everything in it that is known before training."""
    runs_dir, name, dated = place
    folder = create(runs_dir, name, dated=dated)
    scene = data.scene
    facts = {
        "status": "training",
        "task": "scene",
        "network": scene_label(config),
        "class_names": list(scene.class_names),
        "class_ids": list(scene.class_ids),
        "colours": [list(colour) for colour in scene.colours],
        "resolution": config.scene.window,
        "in_channels": data.fitted.components,
        "bands": scene.bands,
        "wavelengths_nm": None if scene.wavelengths_nm is None else scene.wavelengths_nm.tolist(),
        "data": {
            "source": scene.source,
            "digest": scene.digest,
            "split": data.split.note,
            "warnings": list(data.split.warnings),
            "fit": data.fitted.note,
            "leak": data.leak(config.scene.side),
            **data.sizes,
        },
        **(network_cost(config, data) if config.model.model not in CLASSICAL else {"parameters": None, "macs": None}),
    }
    data.fitted.save(folder / PREPROCESS)
    write_run(folder, facts, config=config)
    found = {**environment(), "seed": config.engine.seed, "data_digest": scene.digest}
    write_atomic(folder / "env.json", json.dumps(found, indent=2, ensure_ascii=False, default=str) + "\n")
    return folder

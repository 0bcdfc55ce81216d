"""A network trained on the pixels of one scene: settings -> a run that has classified all of it."""

from pathlib import Path
from typing import Any

from lissom.device import choose_device, set_threads
from lissom.engine.checkpoint import newest
from lissom.engine.fit import fit
from lissom.engine.processes import launch, on_first
from lissom.engine.seeds import seed_everything
from lissom.errors import DataError
from lissom.events import Listener, Stop
from lissom.tasks.scene.data.batches import EvalPixels, Reduced, TrainPixels
from lissom.tasks.scene.facts import SceneFacts
from lissom.tasks.scene.finish import finish
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
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.tasks.scene.train_classical import train_classical
from lissom.tasks.scene.transfer import adopt, as_begun
from lissom.training.run import DataUsed, Record, Run, begin, open_run, write_results
from lissom.training.task import Place


def plan(config: SceneTrainConfig, place: Place, listener: Listener) -> dict[str, Any]:
    """What `train` would do, after reading, splitting and reducing the scene as it does; writes nothing."""
    config = settled(as_begun(config))
    data = prepare(config, read(config.scene, listener))
    return {
        "network": config.model.label,
        "data": data.scene.source,
        "window": config.scene.window,
        "classes": len(data.scene.class_ids),
        **data.sizes,
        "epochs": config.engine.epochs,
        "steps": -(-data.sizes["train"] // config.engine.batch_size),
        "folder": str(Path(place.runs_dir) / (place.name or f"{_stem(config, data)}-...")),
        **_cost(config, data),
    }


def train(config: SceneTrainConfig, place: Place, listener: Listener, stop: Stop | None) -> Path:
    """Checks network and scene, then makes a run folder, trains, and classifies all pixels."""
    config = settled(as_begun(config))
    set_threads(config.engine.threads, processes=config.engine.devices)
    choose_device(config.engine.device)
    data = prepare(config, read(config.scene, listener))
    if config.model.model in CLASSICAL:
        return train_classical(_begin(place, config, data), config, data, listener)
    network_cost(config, data)
    del data  # each process reads the scene itself
    return launch(_train_rank, config.engine, config, place, None, listener=listener, stop=stop)


def resume(run: Run, listener: Listener, stop: Stop | None) -> Path:
    """Continues an interrupted run. Raises: DataError when its scene has changed."""
    return launch(_train_rank, run.config.engine, run.config, None, run.path, listener=listener, stop=stop)


def _stem(config: SceneTrainConfig, data: SceneData) -> str:
    return f"{config.model.model}-{data.scene.name}".replace(" ", "-").lower()


def _cost(config: SceneTrainConfig, data: SceneData) -> dict[str, int | None]:
    """Nothing is counted of a classical classifier."""
    return {"parameters": None, "macs": None} if config.model.model in CLASSICAL else {**network_cost(config, data)}


def _train_rank(
    fabric: Any,
    config: SceneTrainConfig,
    place: Place | None,
    resumed: Path | None,
    *,
    listener: Listener,
    stop: Stop | None,
) -> Path:
    """What each process does: the same scene and seed, its own parts of every batch; the first one writes."""
    data, engine = prepare(config, read(config.scene)), config.engine
    if resumed is None:
        assert place
        folder = on_first(fabric, _begin, place, config, data)
    elif data.scene.digest != open_run(resumed).record.data.digest:
        raise DataError("run-data-changed", run=resumed, data=data.scene.source)
    else:
        folder = resumed
    seed_everything(engine.seed)
    scene = Reduced(data.reduced.values.to(fabric.device))
    labels, parts = data.scene.labels, engine.devices * engine.accumulate
    model = build_network(config, num_classes=len(data.scene.class_ids), in_channels=data.fitted.components)
    if config.model.weights and not newest(open_run(folder).checkpoints):
        weights = adopt(model, open_run(config.model.weights))
        on_first(fabric, write_results, folder, {"weights": weights})
    fit(
        model,
        ClassifyScene(),
        TrainPixels(scene, labels, data.split.train, batch_size=engine.batch_size, parts=parts, seed=engine.seed),
        EvalPixels(scene, labels, data.split.val),
        optim=config.optim,
        engine=engine,
        folder=folder,
        fabric=fabric,
        listener=listener,
        stop=stop,
        resume=resumed is not None,
    )
    on_first(fabric, finish, folder, data, listener)
    return folder


def _begin(place: Place, config: SceneTrainConfig, data: SceneData) -> Path:
    """Makes the run folder, with everything in it that is known before training."""
    scene, nm = data.scene, data.scene.wavelengths_nm
    facts = SceneFacts(
        class_names=scene.class_names,
        class_ids=scene.class_ids,
        colours=scene.colours,
        window=config.scene.side,
        in_channels=data.fitted.components,
        bands=scene.bands,
        wavelengths_nm=None if nm is None else tuple(nm.tolist()),
    )
    used = DataUsed(
        source=scene.source,
        digest=scene.digest,
        split=data.split.note,
        warnings=data.split.warnings,
        notes=(data.fitted.note,),
        sizes=data.sizes,
    )
    costs = _cost(config, data)
    record = Record(
        status="training",
        network=config.model.label,
        parameters=costs["parameters"],
        macs=costs["macs"],
        data=used,
    )
    folder = begin(place, _stem(config, data), config=config, facts=facts, record=record)
    data.fitted.save(folder / PREPROCESS)
    return folder

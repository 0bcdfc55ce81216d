"""What a training on a scene is made of, for the life that all tasks share."""

from pathlib import Path
from typing import Any

from lissom.events import Listener
from lissom.models.window_net import WindowNet
from lissom.tasks.scene.data.batches import EvalPixels, Reduced, TrainPixels
from lissom.tasks.scene.facts import SceneFacts
from lissom.tasks.scene.objective import ClassifyScene
from lissom.tasks.scene.prepare import PREPROCESS, resolve_from_paper
from lissom.tasks.scene.ready import SceneData
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.tasks.scene.transfer import as_begun, load_initial_weights
from lissom.training.run import Run
from lissom.training.task import Batches, Begun
from lissom.weights.source import Source


def resolve_defaults(config: SceneTrainConfig, begun: Run | Source | None) -> SceneTrainConfig:
    """The network and preprocessing of the run that it begins with, then what the network's paper has."""
    return resolve_from_paper(as_begun(config, begun) if begun else config)


def start(model: WindowNet, begun: Run | Source, facts: SceneFacts, listener: Listener) -> Begun:
    """The weights of another run, or of a file."""
    return Begun(load_initial_weights(model, begun), {})


def objective(config: SceneTrainConfig, data: SceneData) -> ClassifyScene:
    return ClassifyScene(label_smoothing=config.optim.label_smoothing)


def batches(config: SceneTrainConfig, data: SceneData, facts: SceneFacts, device: Any) -> Batches:
    engine, labels = config.engine, data.pool.labels
    scene = Reduced(data.reduced.values.to(device))
    parts, size = engine.devices * engine.accumulate, engine.step_size
    train = TrainPixels(scene, labels, data.split.train, batch_size=size, parts=parts, seed=engine.seed)
    return Batches(train, EvalPixels(scene, labels, data.split.val))


def begin(folder: Path, config: SceneTrainConfig, data: SceneData, facts: SceneFacts, made: Batches | None) -> None:
    """preprocess.npz: what was learned from the spectra."""
    data.fitted.save(folder / PREPROCESS)

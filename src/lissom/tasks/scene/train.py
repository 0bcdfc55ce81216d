"""What a training on a scene is made of, for the life that all tasks share."""

from pathlib import Path
from typing import Any

from lissom.events import Listener
from lissom.models.window_net import WindowNet
from lissom.tasks.scene.data.batches import EvalPixels, Reduced, TrainPixels
from lissom.tasks.scene.objective import ClassifyScene
from lissom.tasks.scene.prepare import PREPROCESS, SceneData, settled
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.tasks.scene.transfer import adopt, as_begun
from lissom.training.run import open_run
from lissom.training.task import Batches, Begun


def settle(config: SceneTrainConfig) -> SceneTrainConfig:
    """The network and preprocessing of the run that it begins with, then what the network's paper has."""
    return settled(as_begun(config))


def start(model: WindowNet, config: SceneTrainConfig, listener: Listener) -> Begun | None:
    """The weights of another run, where the settings name one."""
    return Begun(adopt(model, open_run(config.model.weights)), {}) if config.model.weights else None


def objective(config: SceneTrainConfig, data: SceneData) -> ClassifyScene:
    return ClassifyScene()


def batches(config: SceneTrainConfig, data: SceneData, device: Any) -> Batches:
    engine, labels = config.engine, data.scene.labels
    scene = Reduced(data.reduced.values.to(device))
    parts, size = engine.devices * engine.accumulate, engine.batch_size
    train = TrainPixels(scene, labels, data.split.train, batch_size=size, parts=parts, seed=engine.seed)
    return Batches(train, EvalPixels(scene, labels, data.split.val))


def begin(folder: Path, config: SceneTrainConfig, data: SceneData, made: Batches | None) -> None:
    """preprocess.npz: what was learned from the spectra."""
    data.fitted.save(folder / PREPROCESS)

"""Classical classifiers behind the verbs of networks: no epochs, the same split, map, table, report and prediction."""

import time
from pathlib import Path

import torch

from lissom.events import Listener
from lissom.runs.weights import save_weights
from lissom.tasks.scene.data.batches import pixels
from lissom.tasks.scene.evaluate import measure_scene
from lissom.tasks.scene.finish import complete
from lissom.tasks.scene.network import load_network
from lissom.tasks.scene.prepare import SceneData
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.training.run import open_run, write_results


def train_classical(folder: Path, config: SceneTrainConfig, data: SceneData, listener: Listener) -> Path:
    """Fits the classifier on the spectra of all pixels that train or choose, and classifies the scene.

    Nothing chooses weights here, so the pixels that would are no test and may train too. Kept are these spectra, not
    the classifier: its kind has no format that is safe to open, and the same spectra fit the same one in seconds.
    """
    places, labels = pixels(data.scene.labels, data.split.train | data.split.val)
    seen = data.reduced.values[:, places[:, 0], places[:, 1]].t().contiguous()  # N components
    save_weights(folder / "best.safetensors", {"pixels": seen, "labels": torch.from_numpy(labels)})
    start = time.perf_counter()
    model = load_network(open_run(folder), torch.device("cpu"))
    seconds = time.perf_counter() - start
    metrics = measure_scene(model, data, folder=folder, listener=listener)
    metrics |= {"train_seconds": round(seconds, 3), "settings": model.classifier.settings}  # type: ignore[union-attr]
    write_results(folder, {"test": metrics, "epochs": 0})
    complete(open_run(folder), data)
    return folder

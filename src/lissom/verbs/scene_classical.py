"""Classical classifiers behind `lissom train scene --model svm`: no epochs, the same split, map, table and report."""

import time
from pathlib import Path

import numpy as np

from lissom.config import SceneTrainConfig
from lissom.data.scenes.batches import pixels
from lissom.device import usable_cores
from lissom.runs.folder import Run, open_run, write_run
from lissom.tasks.classical import PixelClassifier
from lissom.tasks.scene import Classified
from lissom.verbs.scene_data import SceneData
from lissom.verbs.scene_evaluate import measured, write_scene
from lissom.verbs.scene_finish import complete


def train_classical(folder: Path, config: SceneTrainConfig, data: SceneData) -> Run:
    """Fits the classifier on the spectra of all pixels that train or choose, and classifies the scene.

    Nothing chooses weights here, so the pixels that would are no test and may train too. The fitted classifier is not
    kept: its kind has no format that is safe to open, and the same settings fit it again in seconds.
    """
    values = data.reduced.values.numpy().transpose(1, 2, 0)  # H W components
    places, labels = pixels(data.scene.labels, data.split.train | data.split.val)
    threads = config.engine.threads or usable_cores()
    classifier = PixelClassifier(
        config.model.model, num_classes=len(data.scene.class_ids), seed=config.engine.seed, threads=threads
    )
    start = time.perf_counter()
    classifier.fit(values[places[:, 0], places[:, 1]], labels)
    trained = time.perf_counter()
    probabilities = classifier.proba(values)
    seconds = {"train": round(trained - start, 3), "test": round(time.perf_counter() - trained, 3)}
    classified = Classified(probabilities.argmax(-1).astype(np.int64), probabilities.max(-1))
    metrics = measured(classified.predicted, data.scene, data.split)
    metrics |= {"form": "pixels", "why_not_dense": "", "seconds": seconds["test"], "train_seconds": seconds["train"]}
    metrics |= {"leak": data.leak(1), "settings": classifier.settings}
    write_scene(folder, classified, data.scene, data.split, metrics)
    write_run(folder, {"test": metrics, "epochs": 0, "best_epoch": None, "val_oa": None})
    complete(open_run(folder), data)
    return open_run(folder)

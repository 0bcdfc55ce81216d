"""Classical classifiers behind the verbs of networks: no epochs, the same split, map, table, report and prediction."""

import time
from pathlib import Path
from typing import Any

import torch

from lissom.runs.folder import BEST
from lissom.runs.weights import save_weights
from lissom.tasks.scene.data.batches import pixels
from lissom.tasks.scene.facts import SceneFacts
from lissom.tasks.scene.network import PixelNet, fitted
from lissom.tasks.scene.ready import SceneData
from lissom.tasks.scene.settings import SceneTrainConfig


def fit_spectra(
    folder: Path, config: SceneTrainConfig, data: SceneData, facts: SceneFacts
) -> tuple[PixelNet, dict[str, Any]]:
    """The classifier fitted on all pixels that train or choose, whose spectra are kept instead of weights.

    Nothing chooses weights here, so the pixels that would are no test and may train too. Kept are these spectra, not
    the classifier: its kind has no format that is safe to open, and the same spectra fit the same one in seconds.
    """
    coords, labels = pixels(data.pool.labels, data.split.train | data.split.val)
    seen = data.reduced.values[:, coords[:, 0], coords[:, 1]].t().contiguous()  # N components
    save_weights(folder / BEST, {"pixels": seen, "labels": torch.from_numpy(labels)})
    start = time.perf_counter()
    model = fitted(config, facts, seen.numpy(), labels)
    return model, {"epochs": 0, "train_seconds": round(time.perf_counter() - start, 3)}

"""Classical classifiers behind the verbs of networks: no epochs, the same split, map, table, report and prediction."""

from pathlib import Path
from typing import Any

import torch

from lissom.runs.folder import BEST
from lissom.runs.weights import save_weights
from lissom.tasks.scene.data.batches import pixels
from lissom.tasks.scene.prepare import SceneData
from lissom.tasks.scene.settings import SceneTrainConfig


def keep_spectra(folder: Path, config: SceneTrainConfig, data: SceneData) -> dict[str, Any]:
    """Keeps the spectra of all pixels that train or choose: the classifier is fitted on them whenever it is asked.

    Nothing chooses weights here, so the pixels that would are no test and may train too. Kept are these spectra, not
    the classifier: its kind has no format that is safe to open, and the same spectra fit the same one in seconds.
    """
    places, labels = pixels(data.scene.labels, data.split.train | data.split.val)
    seen = data.reduced.values[:, places[:, 0], places[:, 1]].t().contiguous()  # N components
    save_weights(folder / BEST, {"pixels": seen, "labels": torch.from_numpy(labels)})
    return {"epochs": 0}

"""Which files a training on a scene would fetch first. Nothing is fetched here."""

from typing import Any

from lissom.config import cache_folder
from lissom.tasks.scene.data.fetching import missing_files
from lissom.tasks.scene.data.known import KNOWN, spelled
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.training.task import Fetch


def fetches(config: SceneTrainConfig, weights: Any) -> list[Fetch]:
    """The files of a known scene that are asked for and not here."""
    if not config.scene.download:
        return []
    named = [(KNOWN.get(spelled(scene.cube)), scene.ground_truth) for scene in config.scene.files]
    files = [[known.cube, *([known.ground_truth] if truth is None else [])] for known, truth in named if known]
    folder = cache_folder() / "scenes"
    return [Fetch(file.address, folder / file.name, None) for each in files for file in missing_files(each)]

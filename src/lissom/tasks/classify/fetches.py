"""Which files a training on photos would fetch first. Nothing is fetched here."""

from pathlib import PurePosixPath

from lissom.config import cache_folder
from lissom.tasks.classify.data.cifar import CIFAR
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.training.task import Fetch
from lissom.weights.listing import megabytes
from lissom.weights.source import Source


def fetches(config: ClassifyTrainConfig, weights: Source | None) -> list[Fetch]:
    """CIFAR's archive, where it is asked for, and published weights, where they are not in the cache."""
    files = []
    settings = config.data
    if settings.download and settings.data in CIFAR:
        variant, folder = CIFAR[settings.data], cache_folder(settings.cache_dir) / "downloads"
        archive = folder / PurePosixPath(variant.address).name
        if not archive.is_file() and not (folder / variant.folder).is_dir():
            files.append(Fetch(variant.address, archive, None))
    if weights and weights.checkpoint and not weights.file.is_file():
        files.append(Fetch(weights.checkpoint.address, weights.file, megabytes(weights.checkpoint)))
    return files

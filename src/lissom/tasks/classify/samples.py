"""Photos and a network trained on them, for a look inside it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lissom.config import cache_folder
from lissom.device import choose_device
from lissom.events import Listener
from lissom.inspection.samples import Samples, evenly
from lissom.tasks.classify.data.batches import EvalBatches, Normaliser
from lissom.tasks.classify.data.foreign import open_foreign
from lissom.tasks.classify.data.images import ImageSet
from lissom.training.evaluate import own_data
from lissom.training.run import Run
from lissom.training.trained import trained


def samples(run: Run, data: str | None, *, most: int, device: str, listener: Listener) -> Samples:
    """At most `most` of the training images, or of those in `data`, as many of each class, not augmented.

    Raises: DataError for data that cannot be read or has an unknown class.
    """
    view, at = run.facts, choose_device(device)
    images = _some(_images(run, data, listener), most)

    def pixels(indices: NDArray[np.integer]) -> NDArray[np.uint8]:
        return images.pixels(np.asarray(indices, np.int64)).permute(0, 2, 3, 1).numpy()  # N C H W -> N H W C

    def batches(size: int) -> Iterator[Tensor]:
        made = EvalBatches(images, view, batch_size=size, device=at, channels_last=True)
        return (batch.images for batch in made)

    return Samples(
        network=run.record.network,
        model=trained(run, at),
        class_names=view.class_names,
        labels=images.labels,
        pixels=pixels,
        normalise=Normaliser(view, at, channels_last=True),
        batches=batches,
        source=data,
    )


def _some(images: ImageSet, most: int) -> ImageSet:
    chosen = evenly(images.labels, most)
    names = [images.names[i] for i in chosen]
    return ImageSet(images.store, images.places[chosen], images.labels[chosen], names)


def _images(run: Run, data: str | None, listener: Listener) -> ImageSet:
    if data is None:
        return own_data(run, listener).train  # type: ignore[attr-defined]
    return open_foreign(
        data,
        class_names=run.facts.class_names,
        in_channels=run.facts.in_channels,
        resolution=run.facts.resolution,
        cache_dir=cache_folder(run.config.data.cache_dir),
    )

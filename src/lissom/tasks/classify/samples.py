"""Photos and a network trained on them, for a look inside it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lissom.device import choose_device
from lissom.inspection.samples import Samples, evenly
from lissom.tasks.classify.data.batches import EvalBatches, Normaliser
from lissom.tasks.classify.data.images import ImageSet
from lissom.training.run import Run
from lissom.training.trained import trained


def samples(run: Run, data: Any, part: str, *, most: int, device: str) -> Samples:
    """At most `most` images of a part of the data, as many of each class, not augmented."""
    view, at = run.facts, choose_device(device)
    images = _some(getattr(data, part), most)

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
    )


def _some(images: ImageSet, most: int) -> ImageSet:
    chosen = evenly(images.labels, most)
    names = [images.names[i] for i in chosen]
    return ImageSet(images.store, images.indices[chosen], images.labels[chosen], names)

"""`lissom.build`: a network by its name, with published weights, one's own, or none."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lissom import models
from lissom.weights.source import obtain, source

if TYPE_CHECKING:
    from lissom.models.classifier import Classifier
    from lissom.models.window_net import WindowNet


def build(
    name: str,
    weights: str | Path | None = None,
    *,
    num_classes: int = 1000,
    in_channels: int = 3,
    width: float | None = None,
    mirror: str | None = None,
    offline: bool = False,
    **options: Any,
) -> "Classifier | WindowNet":
    """The network called `name`, by the model contract.

    weights: None, freshly initialised; "imagenet", the best known checkpoint that goes with the options; the name of a
    checkpoint, which also says the options that are not given; a run folder, or a file. The network's `identity` says
    what was built, its `origin` what was loaded, a `weights.Loaded`: what was set beside the weights, and notes on what
    is not as in the file; None where the weights are random.
    A checkpoint that is not in the cache is fetched: from `mirror`, or not at all where `offline`.

    Raises: UsageError for an unknown name, option or checkpoint; DataError for weights that do not fit; MachineError
    for a network connection that fails.
    """
    sizes = {"num_classes": num_classes, "in_channels": in_channels}
    given = options if width is None else {"width": width, **options}
    if weights is None:
        return models.build(name, **sizes, **given)
    from lissom.weights import load

    origin = source(str(weights), name, given)
    wanted = dict(origin.checkpoint.options) if origin.checkpoint else {}
    model = models.build(name, **sizes, **(wanted | given))
    file = obtain(origin, mirror=mirror, offline=offline)
    load(model, file, checkpoint=origin.checkpoint)
    return model

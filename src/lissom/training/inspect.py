"""A look inside the network of a run, over samples that its task hands out."""

from pathlib import Path
from typing import Any

from lissom.config import require_count
from lissom.device import set_threads
from lissom.errors import UsageError
from lissom.events import Listener, silent
from lissom.messages import text
from lissom.training.data import content_at, each_path, given_paths, is_own, own_data
from lissom.training.evaluate import foreign_data
from lissom.training.opened import Opened
from lissom.training.run import open_run


def inspect(
    run_folder: Path | str,
    data: str | None = None,
    *,
    output: Path | str | None = None,
    images: int = 512,
    batch_size: int = 32,
    device: str = "auto",
    threads: int | None = None,
    write: bool = True,
    listener: Listener = silent,
    **paths: Any,
) -> dict[str, Any]:
    """Looks into a run's best weights with `images` of its training images, or of `data`, as many of each class.

    data, paths: where the data of the training lies now, or other data, of which all is looked at.

    The training images, not augmented: what is dead on them has no gradient, and the test images stay unread.
    Returns plain data: `network`, `images`, `source`; `kernels` (a row for each depthwise layer), `spiral`,
    `activations`, `twins`, `attention` (a row for each layer), `notes` (sentences on what this network does not have)
    and `folder`, where `inspect.html`, `inspect.json`, tables and pictures were written: the run, or `output`.
    Raises: UsageError for fewer than two images and for a task without pictures, DataError for data that cannot be read
    or has an unknown class.
    """
    from lissom.inspection.inspect import LEAST_IMAGES, inspect_samples

    if images < LEAST_IMAGES:
        raise UsageError("inspect-images", got=images, least=LEAST_IMAGES)
    require_count("batch_size", batch_size)
    set_threads(threads)
    run = open_run(run_folder)
    if run.task.samples is None:
        raise UsageError("verb-not-for-task", verb="inspect", task=run.task.name)
    others = given_paths(run.task, data, paths)
    own = not others or is_own(run, content_at(run, others, listener))
    held: Any = own_data(run, listener, others) if own else foreign_data(Opened.of_run(run), others, listener)
    samples = run.task.samples(run, held, "train" if own else "test", most=images, device=device)
    return inspect_samples(
        samples,
        source=text("inspect.source", run=run.name) if own else ", ".join(each_path(others)),
        folder=(Path(output) if output else run.path) if write else None,
        batch_size=batch_size,
    )

"""`lissom inspect`: what goes wrong inside a trained network, measured on its own images and drawn."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lissom.atomic import write_atomic
from lissom.config import cache_folder
from lissom.device import choose_device, set_threads
from lissom.errors import MachineError, UsageError
from lissom.inspection import spiral
from lissom.inspection.activations import INDEPENDENT, Activations
from lissom.inspection.attention import ChannelGates, Gates
from lissom.inspection.kernels import DeadKernels, Kernels, depthwise_layers
from lissom.inspection.twins import Twins
from lissom.inspection.watching import ends, watch
from lissom.messages import text
from lissom.report.tables import to_csv
from lissom.tasks.classify.data.batches import EvalBatches
from lissom.tasks.classify.data.foreign import open_foreign
from lissom.tasks.classify.data.images import ImageSet
from lissom.tasks.classify.evaluate import View
from lissom.tasks.classify.prepare import load_data, load_model
from lissom.training.run import open_of

LEAST_IMAGES = 2  # information lost is fitted to one half and judged on the other


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """A network that has been looked into: what was seen, before it is drawn or put into words."""

    network: str
    model: nn.Module
    view: View
    images: ImageSet
    kernels: list[Kernels]
    activations: list[dict[str, Any]]
    twins: Twins
    gates: list[Gates]
    spiral: list[spiral.Loss]


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
) -> dict[str, Any]:
    """Looks into a run's best weights with `images` of its training images, or of `data`, as many of each class.

    The training images, not augmented: what is dead on them has no gradient, and the test images stay unread.
    Returns plain data: `network`, `images`, `source`; `kernels` (a row for each depthwise layer), `spiral`,
    `activations`, `twins`, `attention` (a row for each layer), `notes` (sentences on what this network does not have)
    and `folder`, where `inspect.html`, `inspect.json`, tables and pictures were written: the run, or `output`.
    Raises: UsageError for fewer than two images, DataError for data that cannot be read or has an unknown class.
    """
    if images < LEAST_IMAGES:
        raise UsageError("inspect-images", got=images, least=LEAST_IMAGES)
    set_threads(threads)
    run = open_of("classify", run_folder)
    model = load_model(run, choose_device(device))
    image_set = _images(run, data)
    view = View.of(run.facts)
    seen = look(model, evenly(image_set, images), view, network=run.record.network, batch_size=batch_size)
    folder = _folder(Path(output) if output else run.path) if write else None
    source = data or text("inspect.source", run=run.name)
    found = {**facts(seen), "source": source, "folder": None if folder is None else str(folder)}
    if folder is not None:
        from lissom.verbs.inspect_page import draw  # pictures and page, which `write=False` need not load

        for table in ("kernels", "spiral", "activations", "twins", "attention"):
            write_atomic(folder / f"inspect_{table}.csv", to_csv(found[table]))
        write_atomic(folder / "inspect.json", json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        draw(folder, seen, found)
    return found


def look(model: nn.Module, image_set: ImageSet, view: View, *, network: str, batch_size: int) -> Inspected:
    """One pass over the images for all four questions; the spiral needs none."""
    at = next(model.parameters()).device
    batches = EvalBatches(image_set, view, batch_size=batch_size, device=at, channels_last=True)
    layers = depthwise_layers(model)
    first = next(iter(batches)).images[:1]
    kernels = DeadKernels(layers, ends(model, first, layers))
    activations, twins, gates = Activations(model), Twins(model), ChannelGates(model)
    watchers = [kernels.watchers, activations.watchers, twins.watchers, gates.watchers]
    watch(model, _images_of(batches), watchers)
    return Inspected(
        network=network,
        model=model,
        view=view,
        images=image_set,
        kernels=kernels.result(),
        activations=activations.result(),
        twins=twins,
        gates=gates.result(torch.from_numpy(image_set.labels), len(view.class_names)),
        spiral=spiral.losses(),
    )


def facts(seen: Inspected) -> dict[str, Any]:
    """All figures as plain data."""
    return {
        "network": seen.network,
        "images": len(seen.images),
        "kernels": [layer.row() for layer in seen.kernels],
        "spiral": [row._asdict() for row in seen.spiral],
        "activations": seen.activations,
        "independent_loss": INDEPENDENT,
        "twins": seen.twins.result(),
        "attention": [layer.row() for layer in seen.gates],
        "notes": _notes(seen),
    }


def _notes(seen: Inspected) -> list[str]:
    missing = {"no-depthwise": not seen.kernels, "no-attention": not seen.gates, "no-activation": not seen.activations}
    return [text(f"inspect.{key}", network=seen.network) for key, is_missing in missing.items() if is_missing]


def evenly(image_set: ImageSet, most: int) -> ImageSet:
    """At most `most` images, as many of each class as there are: the first of each, then the second of each, ..."""
    order = np.argsort(image_set.labels, kind="stable")
    ordered = image_set.labels[order]
    rank = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)  # place within the class
    chosen = np.sort(order[np.lexsort((ordered, rank))[:most]])
    names = [image_set.names[i] for i in chosen]
    return replace(image_set, places=image_set.places[chosen], labels=image_set.labels[chosen], names=names)


def _images_of(batches: EvalBatches) -> Iterator[Tensor]:
    for batch in batches:
        yield batch.images


def _images(run: Any, data: str | None) -> ImageSet:
    if data is None:
        return load_data(run.config).train
    return open_foreign(
        data,
        class_names=run.facts.class_names,
        in_channels=run.facts.in_channels,
        resolution=run.facts.resolution,
        cache_dir=cache_folder(run.config.data.cache_dir),
    )


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError("not-writable", path=path, reason=error.strerror or error) from error
    return path

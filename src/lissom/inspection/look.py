"""One pass over some pictures for all that a look inside a trained network asks."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from lissom.inspection import spiral
from lissom.inspection.activations import INDEPENDENT, Activations
from lissom.inspection.attention import ChannelGates, Gates
from lissom.inspection.kernels import DeadKernels, Kernels, depthwise_layers
from lissom.inspection.levels import Levels
from lissom.inspection.samples import Samples
from lissom.inspection.twins import Twins
from lissom.inspection.watching import ends, watch
from lissom.messages import text


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """A network that has been looked into: what was seen, before it is drawn or put into words."""

    samples: Samples
    kernels: list[Kernels]
    activations: list[dict[str, Any]]
    twins: Twins
    gates: list[Gates]
    spiral: list[spiral.Loss]
    levels: list[dict[str, Any]]

    @property
    def model(self) -> nn.Module:
        return self.samples.model


def look(samples: Samples, *, batch_size: int) -> Inspected:
    """The spiral needs no pictures; all else is measured on each of them."""
    model = samples.model
    layers = depthwise_layers(model)
    first = next(iter(samples.batches(batch_size)))[:1]
    kernels = DeadKernels(layers, ends(model, first, layers))
    activations, twins, gates = Activations(model), Twins(model), ChannelGates(model)
    levels = Levels(samples)
    watchers = [kernels.watchers, activations.watchers, twins.watchers, gates.watchers, levels.watchers]
    watch(model, iter(samples.batches(batch_size)), watchers)
    return Inspected(
        samples=samples,
        kernels=kernels.result(),
        activations=activations.result(),
        twins=twins,
        gates=gates.result(torch.from_numpy(samples.labels), len(samples.class_names)),
        spiral=spiral.losses(),
        levels=levels.result(),
    )


def facts(seen: Inspected) -> dict[str, Any]:
    """All figures as plain data."""
    return {
        "network": seen.samples.network,
        "images": len(seen.samples),
        "kernels": [layer.row() for layer in seen.kernels],
        "spiral": [row._asdict() for row in seen.spiral],
        "activations": seen.activations,
        "independent_loss": INDEPENDENT,
        "twins": seen.twins.result(),
        "attention": [layer.row() for layer in seen.gates],
        "levels": seen.levels,
        "notes": _notes(seen),
    }


def _notes(seen: Inspected) -> list[str]:
    missing = {"no-depthwise": not seen.kernels, "no-attention": not seen.gates, "no-activation": not seen.activations}
    return [text(f"inspect.{key}", network=seen.samples.network) for key, is_missing in missing.items() if is_missing]

"""Depthwise kernels that do nothing.

MobileNetV2 (arXiv 1801.04381), section 3.2: where ReLU collapses a channel, the information of that channel is lost,
and only many channels can make up for it; hence wide filters and linear bottlenecks. A depthwise kernel mixes no
channels, so one whose channel has collapsed gets no gradient and stays as it is. A kernel is counted as dead when it is

weak:      its norm is below 1 % of the largest norm in its layer; or
constant:  its channel, after the norm and activation that follow, takes one value over all images and positions: its
           range is below 1/10,000 of the largest range in its layer.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lissom.inspection.watching import Watcher

WEAK = 1e-2  # of the largest norm
CONSTANT = 1e-4  # of the largest range


class Kernels(NamedTuple):
    """The kernels of one depthwise layer, and which of them are dead for which reason."""

    name: str
    kernels: Tensor  # C kh kw
    weak: Tensor  # C, bool
    constant: Tensor  # C, bool

    @property
    def dead(self) -> Tensor:
        """C, bool: for one reason or both."""
        return self.weak | self.constant

    def row(self) -> dict[str, Any]:
        """The figures of the layer."""
        size = " x ".join(map(str, self.kernels.shape[1:]))
        counts = {key: int(getattr(self, key).sum()) for key in ("weak", "constant", "dead")}
        return {"layer": self.name, "kernel": size, "channels": len(self.kernels), **counts} | {
            "dead_share": counts["dead"] / len(self.kernels)
        }


class Ranges:
    """Least and greatest value of each channel over all that is watched: `B C H W -> C`."""

    def __init__(self) -> None:
        self.low: Tensor | None = None
        self.high: Tensor | None = None

    def __call__(self, given: Tensor, made: Tensor) -> None:
        low, high = made.amin((0, 2, 3)), made.amax((0, 2, 3))
        self.low = low if self.low is None else torch.minimum(self.low, low)
        self.high = high if self.high is None else torch.maximum(self.high, high)

    def extent(self) -> Tensor:
        """Greatest less least value, C."""
        assert self.low is not None, "nothing was watched"
        assert self.high is not None
        return self.high - self.low


def depthwise_layers(model: nn.Module) -> dict[str, nn.Conv2d]:
    """Convolutions with one input channel for each kernel, by name; there may be several kernels for a channel."""
    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1
    }


class DeadKernels:
    """Watches the map of every depthwise layer; `ends` names, for each layer, the module that gives its map."""

    def __init__(self, layers: Mapping[str, nn.Conv2d], ends: Mapping[str, str]) -> None:
        self._layers = layers
        self._ranges = {name: Ranges() for name in layers}
        self.watchers: dict[str, Watcher] = {ends[name]: self._ranges[name] for name in layers}

    def result(self) -> list[Kernels]:
        """Every layer, in the network's order."""
        return [
            Kernels(name, layer.weight.detach()[:, 0], weak(layer.weight), constant(self._ranges[name].extent()))
            for name, layer in self._layers.items()
        ]


def weak(weight: Tensor) -> Tensor:
    """Which kernels have a norm below 1 % of the layer's largest: `C 1 kh kw -> C`; all, where all are zero."""
    norms = weight.detach().flatten(1).norm(dim=1)
    return norms <= WEAK * norms.max()


def constant(extent: Tensor) -> Tensor:
    """Which channels keep to one value, by their greatest less least value: `C -> C`."""
    return extent <= CONSTANT * extent.max()

"""What attention weighs: channels for each class, and positions in an image.

SENet (arXiv 1709.01507) draws the mean gate of each channel for some classes, layer by layer ("the role of
excitation"): early layers gate all classes alike, later ones each in its own way, the last ones hardly at all. CBAM
(arXiv 1807.06521, section 3) gates channels first and positions second.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lissom.blocks.cbam import ChannelAttention, SpatialAttention
from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.inspection.watching import Watcher, watch

CLOSED, OPEN = 0.05, 0.95


class Gates(NamedTuple):
    """The channel gates of one layer, as a mean for each class."""

    name: str
    kind: str  # SE or CBAM
    per_class: Tensor  # K C, 0 to 1; a class without an image is NaN
    closed: float  # share of all gates, of all images, below 0.05
    open: float  # above 0.95

    def row(self) -> dict[str, Any]:
        """The figures of the layer; spreads are standard deviations of the class means."""
        known = self.per_class[~self.per_class.isnan().any(1)]
        return {
            "layer": self.name,
            "kind": self.kind,
            "channels": known.shape[1],
            "mean_gate": float(known.mean()),
            "between_channels": float(known.mean(0).std(unbiased=False)),
            "between_classes": float(known.std(0, unbiased=False).mean()),
            "closed": self.closed,
            "open": self.open,
        }


class ChannelGates:
    """Watches the gates of every squeeze-and-excitation and of every CBAM."""

    def __init__(self, model: nn.Module) -> None:
        self._kinds = {
            name: "SE" if isinstance(module, SqueezeExcitation) else "CBAM"
            for name, module in model.named_modules()
            if isinstance(module, SqueezeExcitation | ChannelAttention)
        }
        self._values: dict[str, list[Tensor]] = {name: [] for name in self._kinds}
        self.watchers: dict[str, Watcher] = {f"{name}.gate": self._keep(name) for name in self._kinds}

    def _keep(self, name: str) -> Watcher:
        return lambda given, made: self._values[name].append(made.flatten(1).cpu())  # B C 1 1 -> B C

    def result(self, labels: Tensor, num_classes: int) -> list[Gates]:
        """Every layer, in the network's order; `labels` (N) of the images in the order they were watched."""
        found = []
        for name, kind in self._kinds.items():
            values = torch.cat(self._values[name])  # N C
            closed, opened = float((values < CLOSED).double().mean()), float((values > OPEN).double().mean())
            found.append(Gates(name, kind, class_means(values, labels, num_classes), closed, opened))
        return found


def class_means(values: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Mean of the rows of each class, `N C -> K C`; NaN for a class without rows."""
    member = nn.functional.one_hot(labels, num_classes).to(values)  # N K
    return (member.mT @ values) / member.sum(0)[:, None]


def spatial_gates(model: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """The weight that each spatial attention gives to each position of `images` B C H W: name -> B h w, from 0 to 1."""
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Watcher:
        return lambda given, made: found.update({name: made[:, 0].cpu()})

    layers = [name for name, module in model.named_modules() if isinstance(module, SpatialAttention)]
    watch(model, [images], [{f"{name}.gate": keep(name) for name in layers}])
    return found


def feature_maps(model: nn.Module, images: Tensor, name: str) -> Tensor:
    """What the module called `name` makes of `images`: B C H W -> B c h w."""
    found: list[Tensor] = []
    watch(model, [images], [{name: lambda given, made: found.append(made.cpu())}])
    return found[-1]

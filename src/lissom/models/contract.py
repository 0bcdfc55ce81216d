"""What a network says of itself: who it is, what weights it began with, its ends, and its layers in order.

`Classifier` and `WindowNet` declare these fields; a module of anybody else has none of them, and the functions here say
so with None. A `Classifier` has its maps besides, for detectors: `pyramid`, `forward_pyramid`, and `backbone()`, a
module of stem and blocks alone (`stem.*`, `blocks.*` in its state too), whose forward gives these maps. No torch here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from lissom.events import Note
from lissom.models.entry import Option

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The call of `build` that makes the same network: `build(identity.name, **identity.settings)`."""

    name: str
    """In the catalogue."""
    num_classes: int
    in_channels: int
    width: float
    options: Mapping[str, Option]
    """All that this network has, those left at their defaults too."""

    @property
    def settings(self) -> dict[str, Any]:
        """All that `build` takes beside the name."""
        sizes = {"num_classes": self.num_classes, "in_channels": self.in_channels, "width": self.width}
        return {**sizes, **self.options}


class Origin(Protocol):
    """Where weights came from that are not the random first ones; what `weights.load` returns is one."""

    @property
    def file(self) -> Path: ...

    @property
    def style(self) -> str:
        """Whose names the file has."""
        ...

    @property
    def new_head(self) -> bool:
        """The classifier kept its random weights, as the file has another number of classes."""
        ...

    @property
    def notes(self) -> tuple[Note, ...]:
        """Whatever is not as in the file; `str` puts each into words."""
        ...


class Ends(NamedTuple):
    """Names of modules at both ends of a network, as `get_submodule` takes them."""

    stem: str
    """The convolution that sees the input, or a module of several side by side: what other input channels change."""
    head: str
    """The part that fine-tuning trains first, or alone: the classifier, and in networks for photos all that stands
    between it and the mean over the image."""
    classifier: str
    """The linear layer of K outputs, or a module of several: what another number of classes changes."""


@runtime_checkable
class Network(Protocol):
    """What each kind of network declares."""

    identity: Identity | None
    origin: Origin | None
    ends: Ends

    def layers(self) -> "list[nn.Module]":
        """The parts that hold parameters, in the order of the forward pass, each parameter in one of them: what
        fine-tuning freezes, lets learn slower and shows row by row. The last one is `ends.head`."""
        ...


def identity(model: "nn.Module") -> Identity | None:
    """Who `model` is; None for a module that `build` did not make."""
    return model.identity if isinstance(model, Network) else None


def ends(model: "nn.Module") -> Ends | None:
    """The ends that `model` names; None for a module that names none."""
    return model.ends if isinstance(model, Network) else None


def with_parameters(parts: "Iterable[nn.Module]") -> "list[nn.Module]":
    """Those of the parts that hold any parameter, buffers not counted."""
    return [part for part in parts if any(True for _ in part.parameters())]


def name_of(model: "nn.Module") -> str:
    """The network's name, or the class of a module that is none of the catalogue's."""
    known = identity(model)
    return known.name if known else type(model).__name__

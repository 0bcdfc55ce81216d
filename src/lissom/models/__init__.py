"""The networks, one file per paper. Importing this needs no torch."""

from typing import TYPE_CHECKING, TypeVar

from lissom.models.contract import Ends, Identity, Network, Origin, ends, identity
from lissom.models.entry import Entry, Printed, Published
from lissom.models.registry import build, canonical, check_resolution, entry, names

if TYPE_CHECKING:
    from torch import nn

M = TypeVar("M", bound="nn.Module")

__all__ = [
    "Ends",
    "Entry",
    "Identity",
    "Network",
    "Origin",
    "Printed",
    "Published",
    "build",
    "canonical",
    "check_resolution",
    "ends",
    "entry",
    "fuse",
    "identity",
    "names",
]


def fuse(model: M) -> M:
    """A copy for inference alone: norms folded into convolutions, branches added up, as `fusing.fuse` says."""
    from lissom.models import fusing  # torch

    return fusing.fuse(model)

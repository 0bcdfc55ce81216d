"""A network for inference alone: norms folded into convolutions, branches added up, answers equal within rounding."""

import copy
from typing import Protocol, TypeVar, runtime_checkable

from torch import nn

M = TypeVar("M", bound=nn.Module)


@runtime_checkable
class Fusable(Protocol):
    """A module that can be written with fewer parameters."""

    def fuse(self) -> nn.Module:
        """What gives the same in eval mode; the module stays as it is."""
        ...


def fuse(model: M) -> M:
    """A copy in eval mode, each part that offers `fuse()` replaced by what it gives; it refuses to be trained.

    Parameters and MACs become those of the network in use: of RepVGG's kin the published ones.
    """
    found = copy.deepcopy(model).eval()
    _fuse_children(found)
    return found


def _fuse_children(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, Fusable):
            setattr(module, name, child.fuse())
        else:
            _fuse_children(child)

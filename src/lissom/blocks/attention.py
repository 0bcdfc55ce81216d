"""Attention by the names that options use; every network composes it, none has its own copy."""

from torch import nn

from lissom.blocks.cbam import CBAM
from lissom.blocks.squeeze_excitation import SqueezeExcitation

ATTENTION: tuple[str, ...] = ("none", "se", "cbam")
REDUCTION = 16  # both papers' choice


def attention(kind: str, channels: int, *, reduction: int = REDUCTION) -> nn.Module:
    """The module called `kind` for maps of that many channels; an identity for "none"."""
    squeezed = max(1, channels // reduction)
    if kind == "se":
        return SqueezeExcitation(channels, squeezed)
    if kind == "cbam":
        return CBAM(channels, squeezed)
    assert kind == "none", kind
    return nn.Identity()

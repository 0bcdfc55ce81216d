"""Attention by name."""

import pytest
import torch
from torch import nn

from lissom.blocks.attention import ATTENTION, attention
from lissom.blocks.cbam import CBAM
from lissom.blocks.squeeze_excitation import SqueezeExcitation


@pytest.mark.parametrize(("kind", "block"), [("none", nn.Identity), ("se", SqueezeExcitation), ("cbam", CBAM)])
def test_names(kind: str, block: type[nn.Module]) -> None:
    assert kind in ATTENTION
    assert type(attention(kind, 64)) is block


@pytest.mark.parametrize("kind", ["se", "cbam"])
@pytest.mark.parametrize(
    ("channels", "reduction", "squeezed"),
    [(64, 16, 4), (256, 16, 16), (256, 4, 64), (40, 16, 2), (8, 16, 1)],  # cut off, and never none
)
def test_squeezed_channels(kind: str, channels: int, reduction: int, squeezed: int) -> None:
    block = attention(kind, channels, reduction=reduction)
    (reduce,) = (m for name, m in block.named_modules() if name.endswith("reduce"))
    assert reduce.weight.shape == (squeezed, channels, 1, 1)


def test_unknown_name() -> None:
    with pytest.raises(AssertionError, match="eca"):
        attention("eca", 64)


@pytest.mark.parametrize("kind", ATTENTION)
def test_keeps_the_shape(kind: str) -> None:
    assert attention(kind, 16)(torch.randn(2, 16, 3, 5)).shape == (2, 16, 3, 5)

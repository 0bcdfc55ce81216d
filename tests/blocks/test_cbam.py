"""CBAM, equations 2 and 3."""

import torch
from torch import nn

from lissom.blocks.cbam import CBAM, ChannelAttention, SpatialAttention
from models.parity import randomise

X = torch.randn(3, 8, 5, 7, generator=torch.Generator().manual_seed(0))


def test_the_same_two_layers_read_mean_and_maximum() -> None:
    """Sigmoid of the sum, not the sum of sigmoids."""
    block = randomise(ChannelAttention(8, 2))
    w1, w2 = block.reduce.weight[:, :, 0, 0], block.expand.weight[:, :, 0, 0]
    logits = [
        (v @ w1.T + block.reduce.bias).relu() @ w2.T + block.expand.bias for v in (X.mean((2, 3)), X.amax((2, 3)))
    ]
    expected = X * torch.sigmoid(logits[0] + logits[1])[:, :, None, None]
    torch.testing.assert_close(block(X), expected)
    assert not torch.allclose(expected, X * sum(torch.sigmoid(v) for v in logits)[:, :, None, None])


def test_a_7x7_filter_and_a_norm_read_maximum_then_mean_over_channels() -> None:
    block = randomise(SpatialAttention())
    read = torch.stack([X.amax(1), X.mean(1)], 1)
    filtered = nn.functional.conv2d(read, block.conv.weight, padding=3)
    deviation = (block.norm.running_var + 1e-5).sqrt()
    normed = (filtered - block.norm.running_mean) / deviation * block.norm.weight + block.norm.bias
    torch.testing.assert_close(block(X), X * torch.sigmoid(normed))


def test_places_are_weighed_by_a_sigmoid() -> None:
    """One port forgets it: then the weights leave 0..1, and places can change sign."""
    block = randomise(SpatialAttention())
    weights = block(torch.ones(2, 8, 9, 9) * torch.linspace(-50, 50, 81).view(9, 9))
    weights = weights / torch.linspace(-50, 50, 81).view(9, 9)
    weights = weights[:, 0].flatten(1)[:, torch.arange(81) != 40]  # the middle is 0 / 0
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert weights.max() - weights.min() > 0.1


def test_channels_come_first() -> None:
    block = randomise(CBAM(8, 2))
    torch.testing.assert_close(block(X), block.spatial(block.channel(X)))
    assert not torch.allclose(block(X), block.channel(block.spatial(X)), atol=1e-4)


def test_parameters() -> None:
    """Two layers with biases, one filter of two maps without, one norm."""
    squeezed, channels = 4, 64
    expected = 2 * channels * squeezed + squeezed + channels + 2 * 7 * 7 + 2
    assert sum(p.numel() for p in CBAM(channels, squeezed).parameters()) == expected


def test_does_not_change_its_input() -> None:
    before = X.clone()
    CBAM(8, 2)(X)
    assert torch.equal(X, before)

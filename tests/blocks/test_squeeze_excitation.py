"""SENet, equations 2 to 4."""

import pytest
import torch
from torch import nn

from lissom.blocks.squeeze_excitation import SqueezeExcitation


@pytest.mark.parametrize("gate", [nn.Sigmoid, nn.Hardsigmoid])
def test_weighs_each_channel_by_the_gate_of_its_mean(gate: type[nn.Module]) -> None:
    block = SqueezeExcitation(8, 2, gate=gate)
    x = torch.randn(3, 8, 5, 7)
    squeezed = x.mean((2, 3))  # equation 2: B C
    w1, w2 = block.reduce.weight[:, :, 0, 0], block.expand.weight[:, :, 0, 0]
    weights = gate()((squeezed @ w1.T + block.reduce.bias).relu() @ w2.T + block.expand.bias)  # equation 3
    torch.testing.assert_close(block(x), x * weights[:, :, None, None])  # equation 4


def test_parameters_have_biases() -> None:
    block = SqueezeExcitation(72, 24)
    assert sum(p.numel() for p in block.parameters()) == 2 * 72 * 24 + 24 + 72


def test_does_not_change_its_input() -> None:
    x = torch.randn(1, 8, 4, 4)
    before = x.clone()
    SqueezeExcitation(8, 2)(x)
    assert torch.equal(x, before)

"""Convolution, norm, activation."""

import pytest
import torch
from torch import nn

from lissom.blocks.conv import ConvNormAct


def test_is_the_three_in_that_order() -> None:
    block = ConvNormAct(3, 8, act=nn.ReLU6).eval()
    nn.init.uniform_(block.norm.running_mean)
    x = torch.randn(2, 3, 9, 9)
    conv = nn.functional.conv2d(x, block.conv.weight, padding=1)
    mean, var = block.norm.running_mean[:, None, None], block.norm.running_var[:, None, None]
    expected = ((conv - mean) / (var + 1e-5).sqrt()).clamp(0, 6)
    torch.testing.assert_close(block(x), expected)


def test_no_activation_lets_negative_values_pass() -> None:
    assert ConvNormAct(3, 8, 1, act=None)(torch.randn(2, 3, 4, 4)).min() < 0


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("side", [7, 8])
def test_side_becomes_side_over_stride_rounded_up(kernel: int, stride: int, dilation: int, side: int) -> None:
    block = ConvNormAct(2, 4, kernel, stride=stride, dilation=dilation)
    out = block(torch.randn(1, 2, side, side))
    assert out.shape == (1, 4, -(-side // stride), -(-side // stride))


def test_parameters_are_kernels_and_the_norms_two() -> None:
    block = ConvNormAct(6, 12, 3, groups=3)
    assert sum(p.numel() for p in block.parameters()) == 12 * (6 // 3) * 3 * 3 + 2 * 12

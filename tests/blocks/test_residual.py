"""ResNet, section 3.2; ResNeXt, figure 3."""

import pytest
import torch
from torch import nn

from lissom.blocks.residual import basic_block, bottleneck

NONE = nn.Identity()


def last_norm(block: nn.Module) -> nn.BatchNorm2d:
    return block.body[-1].norm  # type: ignore[union-attr, return-value]


@pytest.mark.parametrize("block", [basic_block(8, 8, NONE), bottleneck(8, 4, 8, NONE)])
def test_a_silent_branch_leaves_the_shortcut_and_then_relu(block: nn.Module) -> None:
    nn.init.zeros_(last_norm(block).weight)
    x = torch.randn(2, 8, 6, 6)
    assert torch.equal(block(x), x.relu())


@pytest.mark.parametrize(("out", "stride"), [(16, 1), (8, 2), (16, 2)])
def test_shortcut_is_a_1x1_convolution_with_a_norm_where_the_shape_changes(out: int, stride: int) -> None:
    block = basic_block(8, out, NONE, stride=stride).eval()
    nn.init.zeros_(last_norm(block).weight)
    x = torch.randn(1, 8, 6, 6)
    expected = nn.functional.conv2d(x, block.shortcut.conv.weight, stride=stride) / (1 + 1e-5) ** 0.5
    torch.testing.assert_close(block(x), expected.relu())


def test_attention_weighs_the_branch_alone() -> None:
    halve = nn.Conv2d(8, 8, 1, groups=8, bias=False)
    nn.init.constant_(halve.weight, 0.5)
    block = basic_block(8, 8, halve).eval()
    x = torch.randn(1, 8, 6, 6)
    torch.testing.assert_close(block(x), (0.5 * block.body(x) + x).relu())


def test_branch_ends_linear_unless_asked() -> None:
    x = torch.randn(4, 8, 6, 6)
    assert basic_block(8, 8, NONE).body(x).min() < 0
    assert basic_block(8, 8, NONE, branch_act=True).body(x).min() == 0
    assert bottleneck(8, 4, 16, NONE).body(x).min() < 0


@pytest.mark.parametrize(("stride_in", "strides"), [("1x1", [2, 1, 1]), ("3x3", [1, 2, 1])])
def test_the_stride_stands_where_it_is_said(stride_in: str, strides: list) -> None:
    block = bottleneck(8, 4, 16, NONE, stride=2, stride_in=stride_in)
    assert [layer.conv.stride[0] for layer in block.body] == strides
    assert block(torch.randn(1, 8, 7, 7)).shape == (1, 16, 4, 4)


def test_parameters_of_a_grouped_bottleneck() -> None:
    """ResNeXt, section 3.3: 256 d 32 + 9 d d 32 + 32 d 256 weights with 32 groups of d = 4; two for each norm's
    channel."""
    block = bottleneck(256, 128, 256, NONE, groups=32)
    weights = 256 * 4 * 32 + 9 * 4 * 4 * 32 + 32 * 4 * 256
    assert sum(p.numel() for p in block.parameters()) == weights + 2 * (128 + 128 + 256)

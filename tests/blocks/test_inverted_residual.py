"""MobileNetV2, section 3.3; MobileNetV3, section 5.3."""

from functools import partial

import pytest
import torch
from torch import nn

from lissom.blocks.conv import ConvNormAct
from lissom.blocks.inverted_residual import InvertedResidual
from lissom.blocks.squeeze_excitation import SqueezeExcitation


def silent(block: InvertedResidual) -> InvertedResidual:
    """With a projection of zeros, the block gives what its shortcut gives."""
    nn.init.zeros_(block.project.conv.weight)
    return block.eval()


def test_shortcut_where_shapes_agree() -> None:
    x = torch.randn(1, 8, 6, 6)
    assert torch.equal(silent(InvertedResidual(8, 48, 8))(x), x)


@pytest.mark.parametrize(("out", "stride"), [(16, 1), (8, 2), (16, 2)])
def test_no_shortcut_where_they_differ(out: int, stride: int) -> None:
    assert silent(InvertedResidual(8, 48, out, stride=stride))(torch.randn(1, 8, 6, 6)).abs().max() == 0


def test_dilation_takes_the_stride_s_place_without_a_shortcut() -> None:
    block = silent(InvertedResidual(8, 48, 8, stride=2, dilation=2))
    out = block(torch.randn(1, 8, 6, 6))
    assert out.shape == (1, 8, 6, 6)
    assert not out.any()


def test_ends_linear() -> None:
    out = InvertedResidual(8, 48, 16)(torch.randn(4, 8, 6, 6))
    assert out.min() < 0


def test_factor_of_one_is_not_expanded() -> None:
    assert isinstance(InvertedResidual(8, 8, 16).expand, nn.Identity)


def test_parameters() -> None:
    block = InvertedResidual(24, 144, 32, stride=2)  # 24 -> 144 -> 144 -> 32, two for each norm's channel
    expected = 24 * 144 + 2 * 144 + 9 * 144 + 2 * 144 + 144 * 32 + 2 * 32
    assert sum(p.numel() for p in block.parameters()) == expected


def test_gate_stands_between_filter_and_projection() -> None:
    block = InvertedResidual(8, 16, 24, gate=SqueezeExcitation(16, 8)).eval()
    x = torch.randn(1, 8, 6, 6)
    by_hand = block.project(block.gate(block.depthwise(block.expand(x))))
    assert torch.equal(block(x), by_hand)
    assert not torch.equal(by_hand, block.project(block.depthwise(block.expand(x))))


def test_norm_and_activation_are_the_callers() -> None:
    conv = partial(ConvNormAct, act=nn.Hardswish, norm=partial(nn.BatchNorm2d, eps=1e-3))
    block = InvertedResidual(8, 16, 24, conv=conv)
    assert {m.eps for m in block.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-3}
    assert [type(part.act) for part in (block.expand, block.depthwise, block.project)] == [
        nn.Hardswish,
        nn.Hardswish,
        nn.Identity,
    ]

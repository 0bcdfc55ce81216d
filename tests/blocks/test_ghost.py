"""GhostNet, sections 3.1 to 3.3."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d

from lissom.blocks.dfc_attention import DFCAttention
from lissom.blocks.ghost import GhostBottleneck, GhostModule
from lissom.profiler import count


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("ratio", [2, 3, 4, 5, 7])
def test_costs_the_paper_s_formula(ratio: int, kernel: int) -> None:
    """Section 3.2: n/s h w c k² for the intrinsic maps (k = 1) and (s - 1) n/s h w d² for their ghosts."""
    c, n, s, d, hw = 80, 420, ratio, kernel, 14 * 14  # 420 divides by each ratio
    module = GhostModule(c, n, ratio=s, kernel=d)
    profile = count(module, input_shape=(c, 14, 14))
    intrinsic = n // s
    assert profile.macs == intrinsic * hw * c + (s - 1) * intrinsic * hw * d * d
    assert profile.parameters == intrinsic * c + (s - 1) * intrinsic * d * d + 2 * n


@pytest.mark.parametrize("ratio", [2, 3, 5])
def test_is_about_ratio_times_cheaper_than_the_convolution(ratio: int) -> None:
    """Equation 4: c s / (s + c - 1) for filters as large as the convolution's kernel, near s where c is large."""
    c, n = 960, 960
    cost = count(GhostModule(c, n, ratio=ratio, kernel=1), input_shape=(c, 7, 7)).macs
    assert 49 * c * n / cost == pytest.approx(c * ratio / (ratio + c - 1))
    assert 49 * c * n / cost == pytest.approx(ratio, rel=0.01)


@pytest.mark.parametrize(("out", "ratio"), [(24, 5), (16, 3), (10, 64), (7, 2)])
def test_ghosts_that_are_too_many_are_cut_off(out: int, ratio: int) -> None:
    module = GhostModule(8, out, ratio=ratio)
    assert module(torch.randn(2, 8, 5, 5)).shape == (2, out, 5, 5)
    assert module.primary.conv.out_channels == math.ceil(out / ratio)


def test_each_ghost_is_a_filter_of_its_own_intrinsic_map() -> None:
    module = GhostModule(3, 8, ratio=4, act=None).eval()
    x = torch.randn(2, 3, 6, 6)
    out, scale = module(x), (1 + 1e-5) ** -0.5  # fresh norms: mean 0, variance 1
    torch.testing.assert_close(out[:, :2], conv2d(x, module.primary.conv.weight) * scale)
    for ghost in range(6):
        source = out[:, ghost // 3 : ghost // 3 + 1]
        kernel = module.cheap.conv.weight[ghost : ghost + 1]
        torch.testing.assert_close(out[:, 2 + ghost : 3 + ghost], conv2d(source, kernel, padding=1) * scale)


def test_nothing_is_built_while_running() -> None:
    """Fault 7: a module built inside `forward` has fresh weights at every call and is never trained."""
    block = GhostBottleneck(8, 24, 12, stride=2, gate=nn.Hardsigmoid(), attend=DFCAttention(8, 24))
    keys = list(block.state_dict())
    x = torch.randn(4, 8, 8, 8)
    block(x).square().sum().backward()
    assert [key for key, p in block.named_parameters() if p.grad is None or not p.grad.any()] == []
    assert list(block.state_dict()) == keys
    block.eval()
    assert torch.equal(block(x), block(x))


def silent(block: GhostBottleneck) -> GhostBottleneck:
    """Without the narrowing module's norms nothing is left of the branch."""
    for module in block.narrow.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.zeros_(module.weight)
    return block.eval()


def test_shortcut_is_the_input_where_shapes_agree() -> None:
    x = torch.randn(2, 8, 6, 6)
    assert torch.equal(silent(GhostBottleneck(8, 24, 8))(x), x)


@pytest.mark.parametrize(("out", "stride", "kernel"), [(12, 1, 3), (8, 2, 5), (12, 2, 5)])
def test_shortcut_is_depthwise_then_pointwise_where_they_differ(out: int, stride: int, kernel: int) -> None:
    """Fault 7."""
    block = silent(GhostBottleneck(8, 24, out, stride=stride, kernel=kernel))
    filters, mixing = (part.conv for part in block.shortcut)
    assert (filters.groups, filters.kernel_size, filters.stride) == (8, (kernel,) * 2, (stride,) * 2)
    assert (mixing.groups, mixing.kernel_size, mixing.stride) == (1, (1, 1), (1, 1))
    x = torch.randn(2, 8, 6, 6)
    assert torch.equal(block(x), block.shortcut(x))
    assert (block.shortcut(x) < 0).any()  # no activation


def test_strided_block_alone_filters_between_its_modules() -> None:
    assert isinstance(GhostBottleneck(8, 24, 8).depthwise, nn.Identity)
    block = GhostBottleneck(8, 24, 8, stride=2, kernel=5)
    assert (block.depthwise.conv.groups, block.depthwise.conv.kernel_size) == (24, (5, 5))
    assert isinstance(block.depthwise.act, nn.Identity)


def test_parts_come_in_the_paper_s_order() -> None:
    gate, attend = nn.Hardsigmoid(), DFCAttention(8, 24)
    block = GhostBottleneck(8, 24, 12, stride=2, gate=gate, attend=attend).eval()
    x = torch.randn(2, 8, 6, 6)
    wide = block.widen(x) * attend(x)
    assert torch.equal(block(x), block.narrow(gate(block.depthwise(wide))) + block.shortcut(x))

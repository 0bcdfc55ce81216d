"""ShuffleNet, figure 2 and sections 3.2 and 3.3."""

import pytest
import torch
from torch import nn

from lissom.blocks.channel_shuffle import ChannelShuffle
from lissom.blocks.shuffle_unit import ShuffleUnit
from lissom.profiler import count


def macs(block: nn.Module, channels: int, side: int) -> int:
    return count(block, input_shape=(channels, side, side)).macs


@pytest.mark.parametrize(("channels", "groups"), [(144, 1), (200, 2), (240, 3), (272, 4), (384, 8)])
def test_costs_the_paper_s_formula(channels: int, groups: int) -> None:
    """Section 3.2: hw (2 c m / g + 9 m), and a ResNet's bottleneck hw (2 c m + 9 m²)."""
    c, m, g, hw = channels, channels // 4, groups, 28 * 28
    unit = ShuffleUnit(c, m, c, stride=1, groups=g)
    assert macs(unit, c, 28) == hw * (2 * c * m // g + 9 * m) < hw * (2 * c * m + 9 * m**2)


def test_strided_unit_costs_the_first_1x1_before_the_stride() -> None:
    unit = ShuffleUnit(24, 60, 240, stride=2, groups=3)
    assert macs(unit, 24, 56) == 56**2 * 24 * 60 // 3 + 28**2 * (9 * 60 + 60 * (240 - 24) // 3)


def test_first_1x1_of_stage_2_is_whole() -> None:
    """Fault 5, and section 3.3."""
    unit = ShuffleUnit(24, 60, 240, stride=2, groups=3, grouped=False)
    assert [unit.reduce.conv.groups, unit.expand.conv.groups] == [1, 3]


def silent(unit: ShuffleUnit) -> ShuffleUnit:
    """With an expansion of zeros only what goes round the branch is left."""
    nn.init.zeros_(unit.expand.conv.weight)
    return unit.eval()


def test_at_stride_1_the_input_is_added_before_the_activation() -> None:
    x = torch.randn(2, 24, 6, 6)
    assert torch.equal(silent(ShuffleUnit(24, 6, 24, stride=1, groups=3))(x), x.relu())


def test_at_stride_2_the_averaged_input_comes_first_and_the_branch_gives_the_rest() -> None:
    """Fault 5: the concatenation; the mean over 3x3 counts the padding, as the authors'."""
    x = torch.rand(2, 24, 7, 7)
    out = silent(ShuffleUnit(24, 12, 60, stride=2, groups=3))(x)
    assert out.shape == (2, 60, 4, 4)
    torch.testing.assert_close(out[:, :24, 1, 1], x[:, :, 1:4, 1:4].mean((2, 3)))
    torch.testing.assert_close(out[:, :24, 0, 0], x[:, :, :2, :2].sum((2, 3)) / 9)
    assert not out[:, 24:].any()


def test_shuffle_stands_between_the_reduction_and_the_filters() -> None:
    unit = ShuffleUnit(24, 12, 24, stride=1, groups=3).eval()
    x = torch.randn(2, 24, 5, 5)
    shuffled = nn.functional.channel_shuffle(unit.reduce(x), 3)
    assert torch.equal(unit(x), (x + unit.expand(unit.depthwise(shuffled))).relu())


def test_without_shuffle_a_group_hears_only_itself() -> None:
    """Table 3's ablation: what changes in the first third of the channels stays there."""
    x = torch.randn(1, 24, 5, 5)
    other = torch.cat([torch.randn(1, 8, 5, 5), x[:, 8:]], 1)
    for shuffle, stays in ((False, True), (True, False)):
        unit = ShuffleUnit(24, 12, 24, stride=1, groups=3, shuffle=shuffle).eval()
        assert torch.equal(unit(x)[:, 8:], unit(other)[:, 8:]) is stays


def test_one_group_is_not_shuffled() -> None:
    assert not any(isinstance(m, ChannelShuffle) for m in ShuffleUnit(24, 6, 24, stride=1, groups=1).modules())


class Half(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / 2


@pytest.mark.parametrize("stride", [1, 2])
def test_gate_weighs_the_branch_and_not_the_input(stride: int) -> None:
    out = 24 * stride
    unit = ShuffleUnit(24, 12, out, stride=stride, groups=3, gate=Half()).eval()
    x = torch.rand(2, 24, 6, 6)
    branch = unit.expand(unit.depthwise(unit.shuffle(unit.reduce(x)))) / 2
    around = nn.functional.avg_pool2d(x, 3, 2, 1)
    expected = (x + branch).relu() if stride == 1 else torch.cat([around, branch.relu()], 1)
    assert torch.equal(unit(x), expected)

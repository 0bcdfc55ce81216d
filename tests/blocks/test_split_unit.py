"""ShuffleNetV2, figure 3 c and d, in both forms."""

import pytest
import torch
from torch import nn

from lissom.blocks.split_unit import DownUnit, SplitUnit
from lissom.profiler import count


def silent(unit: SplitUnit) -> SplitUnit:
    """With a branch of zeros only what passes is left."""
    nn.init.zeros_(unit.branch[-1].conv.weight)
    return unit.eval()


def test_authors_pass_the_even_channels_and_do_not_shuffle_after() -> None:
    x = torch.randn(2, 8, 5, 5)
    out = silent(SplitUnit(8, shuffle_first=True))(x)
    assert torch.equal(out[:, :4], x[:, ::2])
    assert not out[:, 4:].any()


def test_torchvision_passes_the_first_half_and_shuffles_after() -> None:
    x = torch.randn(2, 8, 5, 5)
    out = silent(SplitUnit(8, shuffle_first=False))(x)
    assert torch.equal(out[:, ::2], x[:, :4])
    assert not out[:, 1::2].any()


@pytest.mark.parametrize("shuffle_first", [True, False])
def test_branch_works_on_the_other_half(shuffle_first: bool) -> None:
    unit = SplitUnit(8, shuffle_first=shuffle_first).eval()
    x = torch.randn(2, 8, 5, 5)
    worked = unit.branch(x[:, 1::2] if shuffle_first else x[:, 4:])
    out = unit(x)
    assert torch.equal(out[:, 4:] if shuffle_first else out[:, 1::2], worked)


@pytest.mark.parametrize("shuffle_first", [True, False])
def test_costs_two_pointwise_of_half_the_channels_and_their_filters(shuffle_first: bool) -> None:
    c, hw = 116, 28 * 28
    unit = SplitUnit(c, shuffle_first=shuffle_first)
    assert count(unit, input_shape=(c, 28, 28)).macs == hw * (2 * (c // 2) ** 2 + 9 * c // 2)


@pytest.mark.parametrize(("projected", "shuffle"), [(24, False), (58, True)])
def test_strided_unit_costs_both_branches(projected: int, shuffle: bool) -> None:
    """Fault 6: the authors keep all 24 input channels in the short branch, torchvision gives it half of the output."""
    unit = DownUnit(24, 116, projected=projected, shuffle=shuffle)
    short = 28**2 * (9 * 24 + 24 * projected)
    long = 56**2 * 24 * 58 + 28**2 * (9 * 58 + 58 * (116 - projected))
    assert count(unit, input_shape=(24, 56, 56)).macs == short + long


@pytest.mark.parametrize(("projected", "shuffle"), [(8, False), (12, True)])
def test_strided_unit_sets_the_short_branch_before_the_long_one(projected: int, shuffle: bool) -> None:
    unit = DownUnit(8, 24, projected=projected, shuffle=shuffle).eval()
    x = torch.randn(2, 8, 7, 7)
    both = torch.cat([unit.project(x), unit.branch(x)], 1)
    assert both.shape == (2, 24, 4, 4)
    assert torch.equal(unit(x), nn.functional.channel_shuffle(both, 2) if shuffle else both)


def test_filters_are_not_activated() -> None:
    """Figure 3: batch norm alone after each 3x3."""
    unit = DownUnit(8, 24, projected=8, shuffle=False)
    filters = [m for m in unit.modules() if getattr(m, "conv", None) is not None and m.conv.kernel_size == (3, 3)]
    assert [type(m.act) for m in filters] == [nn.Identity, nn.Identity]

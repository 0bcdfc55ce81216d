"""Each formula of a paper against the count of real layers."""

import math

import pytest
from torch import nn

from lissom.profiler import count, theory
from lissom.profiler.theory import Cost, Unit


def counted(*layers: nn.Module, channels: int, side: int) -> Cost:
    found = count(nn.Sequential(*layers), input_shape=(channels, side, side))
    return Cost(found.macs, found.parameters)


def conv(channels: int, out: int, kernel: int, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, out, kernel, padding=kernel // 2, groups=groups, bias=False)


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize(("channels", "out", "side"), [(8, 12, 7), (16, 16, 10)])
def test_layers(kernel: int, channels: int, out: int, side: int) -> None:
    full, deep = conv(channels, out, kernel), conv(channels, channels, kernel, channels)
    assert theory.standard(kernel, channels, out, side) == counted(full, channels=channels, side=side)
    assert theory.depthwise(kernel, channels, side) == counted(deep, channels=channels, side=side)
    assert theory.pointwise(channels, out, side) == counted(conv(channels, out, 1), channels=channels, side=side)
    both = counted(deep, conv(channels, out, 1), channels=channels, side=side)
    assert theory.separable(kernel, channels, out, side) == both
    in_fours = counted(conv(channels, out, kernel, 4), channels=channels, side=side)
    assert theory.grouped(kernel, channels, out, side, groups=4) == in_fours


@pytest.mark.parametrize(("kernel", "out"), [(3, 512), (3, 64), (5, 128)])
def test_separable_share_is_exact(kernel: int, out: int) -> None:
    share = theory.separable(kernel, 32, out, 14).macs / theory.standard(kernel, 32, out, 14).macs
    assert theory.separable_share(kernel, out) == pytest.approx(share, rel=1e-12)


def test_separable_3x3_is_eight_to_nine_times_cheaper() -> None:
    """arXiv 1704.04861, section 3.1, of the widths that MobileNet uses most; below 72 outputs it is less than eight."""
    assert all(8 < 1 / theory.separable_share(3, out) < 9 for out in (128, 256, 512, 1024))
    assert theory.separable_share(3, 72) == pytest.approx(1 / 8)


@pytest.mark.parametrize(("ratio", "cheap"), [(2, 3), (3, 3), (4, 5), (2, 1)])
def test_ghost_module(ratio: int, cheap: int) -> None:
    channels, out, side = 16, 24, 7
    inner = out // ratio
    cheap_filters = nn.Conv2d(inner, (ratio - 1) * inner, cheap, padding=cheap // 2, groups=inner, bias=False)
    real = counted(conv(channels, inner, 1), cheap_filters, channels=channels, side=side)
    assert theory.ghost(1, channels, out, side, ratio=ratio, cheap=cheap) == real
    speed_up = theory.standard(1, channels, out, side).macs / real.macs
    assert theory.ghost_speed_up(1, channels, ratio=ratio, cheap=cheap) == pytest.approx(speed_up)


def test_ghost_speed_up_nears_the_ratio() -> None:
    assert theory.ghost_speed_up(3, 10_000, ratio=2) == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize(
    ("width", "resolution", "macs", "parameters"),
    [(1.0, 1.0, 52_283_392, 266_752), (0.75, 1.0, 29_578_752, 150_912), (0.75, 0.714, 15_091_200, 150_912)],
)
def test_multipliers_give_table_3(width: float, resolution: float, macs: int, parameters: int) -> None:
    """arXiv 1704.04861, table 3: 512 to 512 channels at 14 x 14; the sum of both layers as they are built."""
    assert theory.multiplied(3, 512, 512, 14, width=width, resolution=resolution) == (macs, parameters)
    channels, side = round(512 * width), round(14 * resolution)
    real = counted(conv(channels, channels, 3, channels), conv(channels, channels, 1), channels=channels, side=side)
    assert real == (macs, parameters)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_units_with_a_bottleneck(groups: int) -> None:
    c, m, side = unit = Unit(32, 8, 7)
    resnext = counted(conv(c, m, 1), conv(m, m, 3, groups), conv(m, c, 1), channels=c, side=side)
    shuffle = counted(conv(c, m, 1, groups), conv(m, m, 3, m), conv(m, c, 1, groups), channels=c, side=side)
    assert theory.resnext_unit(unit, groups=groups) == resnext
    assert theory.shuffle_unit(unit, groups=groups) == shuffle
    if groups == 1:
        assert theory.resnet_unit(unit) == resnext


def test_more_groups_let_a_shuffle_unit_be_wider() -> None:
    """arXiv 1707.01083, section 3.2: at the same cost, wider maps; here twice as wide and still cheaper."""
    wide, narrow = Unit(480, 120, 28), Unit(240, 60, 28)
    assert theory.shuffle_unit(wide, groups=3) < theory.resnet_unit(narrow)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_memory_access_of_a_1x1_convolution_is_what_is_counted(groups: int) -> None:
    found = count(conv(24, 40, 1, groups), input_shape=(24, 9, 9))
    assert found.memory_access == theory.pointwise_memory_access(24, 40, 9, groups=groups)
    assert found.bytes_read + found.bytes_written == 4 * found.memory_access


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_equal_channels_reach_the_least_memory_access(groups: int) -> None:
    """arXiv 1807.11164, table 1: the ratios 1:1, 1:2, 1:6 and 1:12 at one number of MACs."""
    side, product = 14, 144 * 144
    least = theory.least_memory_access(product * side**2 // groups, side, groups=groups)
    costs = [
        theory.pointwise_memory_access(round(144 / root), round(144 * root), side, groups=groups)
        for root in (1, 2, 3, 4, 6, 12)
    ]
    assert math.isclose(costs[0], least)
    assert costs == sorted(costs)
    assert all(cost > least for cost in costs[1:])


def test_squeeze_and_excitation() -> None:
    from lissom.blocks.squeeze_excitation import SqueezeExcitation

    found = count(SqueezeExcitation(32, 2), input_shape=(32, 7, 7))
    weights, gate = theory.squeeze_excitation(32, 16, side=7)
    biases = 2 + 32
    assert Cost(found.macs, found.parameters - biases) == weights
    assert found.other["se"] == gate

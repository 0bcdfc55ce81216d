"""Rounding of channel numbers: MobileNetV2 and V3, TensorFlow slim's rule."""

import pytest

from lissom.blocks.channels import ceil_to, make_divisible


@pytest.mark.parametrize(
    ("channels", "rounded"),
    [
        (18.0, 24),  # V3's 72 // 4: 16 would be below 90 %
        (30.0, 32),  # V3's 120 // 4
        (12.0, 16),  # halves go up
        (11.9, 16),  # 8 would be below 90 %
        (3.2, 8),  # never none
        (84.0, 88),
        (32.0, 32),
    ],
)
def test_nearest_multiple_of_eight_that_keeps_ninety_percent(channels: float, rounded: int) -> None:
    assert make_divisible(channels) == rounded


def test_divisor_of_four() -> None:
    assert [make_divisible(c, 4) for c in (5, 6, 18, 100)] == [8, 8, 20, 100]


def test_every_result_is_a_multiple_near_its_origin() -> None:
    for tenth in range(1, 5000):
        channels = tenth / 10
        rounded = make_divisible(channels)
        assert rounded % 8 == 0
        assert rounded >= 0.9 * channels
        assert rounded - channels <= 8


@pytest.mark.parametrize(("channels", "up", "near"), [(24 * 0.35, 16, 8), (48 * 1.4, 72, 64), (96 * 0.35, 40, 32)])
def test_rounding_up_is_not_the_nearest(channels: float, up: int, near: int) -> None:
    assert (ceil_to(channels), make_divisible(channels)) == (up, near)

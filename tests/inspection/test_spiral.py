"""MobileNetV2's figure 1 as figures: ReLU loses much in few dimensions and little in many."""

import pytest
import torch

from lissom.inspection.spiral import WIDTHS, collapsed, error, losses, matrices, spiral, there_and_back

ROWS = {row.width: row for row in losses()}


@pytest.mark.parametrize("width", WIDTHS)
def test_collapsed_points_are_as_many_as_binomial_signs_say(width: int) -> None:
    row = ROWS[width]
    assert row.expected_collapsed == (width + 1) / 2**width  # P(Binomial(n, 1/2) < 2)
    assert row.collapsed == pytest.approx(row.expected_collapsed, abs=0.03)


def test_the_error_falls_with_the_width() -> None:
    errors = [ROWS[width].error for width in WIDTHS]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0.5


@pytest.mark.parametrize("width", [200, 800])
def test_the_error_of_great_widths_is_two_over_their_root(width: int) -> None:
    points, drawn = spiral(200)[1:], matrices(width, 600)
    errors = error(points, there_and_back(points, drawn))
    # back = x/2 + sum of t |t x| / 2n over n rows t; E |t|^2 (t x)^2 = 4 |x|^2, so the rest is sqrt(4 / n) of x/2
    assert float(errors.square().mean().sqrt()) == pytest.approx(2 / width**0.5, rel=0.06)


def test_the_interval_holds_nine_draws_in_ten() -> None:
    row = ROWS[5]
    errors = error(spiral()[1:], there_and_back(spiral()[1:], matrices(5, 200)))
    assert ((errors >= row.low) & (errors <= row.high)).double().mean() == pytest.approx(0.9, abs=0.01)


def test_wide_enough_half_of_the_spiral_comes_back() -> None:
    points = spiral()
    back = there_and_back(points, matrices(20_000, 1))[0]
    assert torch.allclose(back, points / 2, atol=0.02)  # (y + |y|) / 2, and |y| is even


def test_orthogonal_directions_both_ways_lose_nothing() -> None:
    points = spiral()
    matrix = torch.tensor([[1, 0], [-1, 0], [0, 1], [0, -1]], dtype=torch.float64)  # relu(y) - relu(-y) = y
    assert error(points, there_and_back(points, matrix)) < 1e-12


def test_one_quadrant_is_all_that_two_axes_keep() -> None:
    quadrants = torch.tensor([[1, 1], [-1, 1], [1, -1], [-1, -1]], dtype=torch.float64)
    assert collapsed(quadrants, torch.eye(2, dtype=torch.float64)) == 0.75
    back = there_and_back(quadrants, torch.eye(2, dtype=torch.float64))
    assert torch.allclose(back, quadrants.relu())

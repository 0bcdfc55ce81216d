"""Zeros are counted, and what a linear map cannot bring back is measured as the closed formula says."""

import math

import pytest
import torch
from torch import nn

from lissom import models
from lissom.inspection.activations import INDEPENDENT, Activations
from lissom.inspection.watching import watch


def losses(model: nn.Module, images: torch.Tensor) -> list[dict]:
    watcher = Activations(model)
    watch(model, images.split(64), [watcher.watchers])
    return watcher.result()


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("channels", [2, 16])
def test_independent_normal_channels_lose_what_the_formula_says_at_any_width(channels: int) -> None:
    (row,) = losses(nn.ReLU(), noise(2000, channels, 4, 4))
    # cov(x, relu x) = 1/2, var(relu x) = 1/2 - 1/(2 pi), so r^2 = (1/4) / (1/2 - 1/(2 pi))
    assert pytest.approx(1 - 0.25 / (0.5 - 1 / (2 * math.pi))) == INDEPENDENT
    assert row["lost"] == pytest.approx(INDEPENDENT, abs=0.01)
    assert row["zero_share"] == pytest.approx(0.5, abs=0.01)


def test_two_dimensions_taken_to_many_lose_less_the_more_there_are() -> None:
    flat = noise(600, 2, 4, 4)
    lost = [losses(nn.ReLU(), torch.einsum("nd,bdhw->bnhw", noise(n, 2, seed=n), flat))[0]["lost"] for n in (3, 8, 30)]
    assert lost == sorted(lost, reverse=True)
    assert lost[0] > 0.05
    assert lost[-1] < 0.01


def test_what_is_positive_passes_and_what_is_negative_is_lost() -> None:
    images = noise(400, 4, 4, 4)
    assert losses(nn.ReLU(), images.abs())[0]["lost"] == pytest.approx(0, abs=1e-4)
    row = losses(nn.ReLU(), -images.abs())[0]
    assert (row["lost"], row["zero_share"], row["silent"]) == (pytest.approx(1, abs=0.01), 1.0, 1.0)


def test_a_channel_is_silent_only_if_it_is_zero_for_all_images() -> None:
    images = -torch.ones(100, 4, 4, 4)
    images[:, 0] = 1
    images[99, 1, 3, 3] = 1  # one place of one image, in the last batch
    assert losses(nn.ReLU(), images)[0]["silent"] == 0.5


def test_too_few_places_give_no_figure_rather_than_a_flattering_one() -> None:
    assert losses(nn.ReLU(), noise(254, 16, 1, 1))[0]["lost"] is None  # 127 places for each half
    assert losses(nn.ReLU(), noise(256, 16, 1, 1))[0]["lost"] is not None  # 128: eight for each channel


def test_maps_are_seen_and_vectors_and_attention_are_not() -> None:
    model = models.build("mobilenetv3_small", num_classes=3, width=0.25)
    rows = losses(model, torch.zeros(2, 3, 32, 32))
    assert len(rows) == 1 + 10 * 2 + 1 + 1  # stem; expansion and filter, but no expansion in the first block; last 1x1
    assert not any("gate" in row["layer"] or "head" in row["layer"] for row in rows)

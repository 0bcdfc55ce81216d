"""Twins are channels whose maps, less their means, point the same way."""

import pytest
import torch
from torch import nn

from lissom import models
from lissom.inspection.twins import Gram, Pair, Twins, best_pairs, blocks
from lissom.inspection.watching import watch


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def cosines(maps: torch.Tensor) -> torch.Tensor:
    gram = Gram()
    for part in maps.split(3):
        gram(part, part)
    return gram.cosines()


def test_cosines_are_correlations_over_all_images_and_places() -> None:
    maps = noise(10, 5, 4, 4) + 3
    expected = torch.corrcoef(maps.transpose(0, 1).flatten(1)).fill_diagonal_(0)
    assert torch.allclose(cosines(maps).float(), expected, atol=1e-4)


def test_scale_and_offset_do_not_part_twins_but_sign_does() -> None:
    one = noise(8, 1, 4, 4)
    found = cosines(torch.cat([one, 3 * one + 7, -one], 1))
    assert found[0, 1] == pytest.approx(1, abs=1e-4)
    assert found[0, 2] == pytest.approx(-1, abs=1e-4)


def test_a_constant_channel_is_twin_of_none() -> None:
    maps = noise(8, 3, 4, 4)
    maps[:, 1:] = 2.0
    assert (cosines(maps)[1:] == 0).all()


def test_the_most_alike_come_first_and_no_channel_twice() -> None:
    table = torch.zeros(5, 5, dtype=torch.float64)
    for first, second, value in ((0, 1, 0.9), (1, 2, 0.99), (0, 3, 0.5), (3, 4, 0.97)):
        table[first, second] = table[second, first] = value
    assert best_pairs(table) == [Pair(1, 2, 0.99), Pair(3, 4, 0.97)]


class Doubled(nn.Module):
    """A stem, and one block that repeats two of its three channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Identity()
        self.blocks = nn.Sequential(nn.Identity())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        return self.blocks(torch.cat([x, x[:, :2]], 1))


def test_pairs_and_channels_with_a_twin_are_counted() -> None:
    model = Doubled()
    watcher = Twins(model)
    watch(model, noise(20, 3, 4, 4).split(8), [watcher.watchers])
    stem, block = watcher.result()
    assert (stem["pairs"], stem["twinned"]) == (0, 0)
    assert (block["channels"], block["pairs"], block["twinned"]) == (5, 2, pytest.approx(4 / 5))
    assert {pair[:2] for pair in watcher.best("blocks.0")[:2]} == {(0, 3), (1, 4)}


def test_blocks_are_those_of_the_model_contract() -> None:
    model = models.build("mobilenetv2", num_classes=3, width=0.25)
    assert blocks(model) == ["stem", *(f"blocks.{n}" for n in range(17))]
    assert blocks(nn.Linear(2, 2)) == []

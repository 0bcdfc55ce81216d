"""A look gathers over all batches and knows which picture is of which class."""

import numpy as np
import pytest
import torch
from torch import nn

from lissom.blocks.cbam import CBAM
from lissom.inspection import spiral
from lissom.inspection.attention import Gates
from lissom.inspection.kernels import Ranges
from lissom.inspection.look import look
from lissom.inspection.samples import Samples
from lissom.inspection.twins import Twins
from lissom.inspection.watching import watch

LABELS = np.array([2, 0, 1, 0, 2, 2, 1, 0, 0, 1])


class Net(nn.Module):
    """A depthwise filter, its ReLU and a CBAM."""

    def __init__(self) -> None:
        super().__init__()
        self.filter, self.act = nn.Conv2d(3, 3, 1, groups=3), nn.ReLU()
        self.gates = CBAM(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.gates(self.act(self.filter(x))).mean((2, 3))


def seen_of(model: nn.Module, images: torch.Tensor, batch_size: int):
    samples = Samples(
        network="net", model=model.eval(), class_names=tuple("abc"), labels=LABELS,
        pixels=lambda indices: np.zeros((len(indices), 4, 4, 3), np.uint8), normalise=torch.from_numpy,
        batches=lambda size: images.split(size),
    )  # fmt: skip
    return look(samples, batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [3, 10])
def test_gates_are_means_over_the_pictures_of_each_class(batch_size: int) -> None:
    torch.manual_seed(0)
    model, images = Net(), torch.randn(10, 3, 4, 4) * torch.arange(1, 11).view(-1, 1, 1, 1)
    kept: list[torch.Tensor] = []
    (gate,) = [module for name, module in model.named_modules() if name.endswith("channel.gate")]
    hook = gate.register_forward_hook(lambda module, given, made: kept.append(made.flatten(1)))
    with torch.no_grad():
        model(images)
    hook.remove()
    (found,) = seen_of(model, images, batch_size).gates
    for number in range(3):
        expected = torch.stack([row for row, label in zip(kept[0], LABELS, strict=True) if label == number]).mean(0)
        torch.testing.assert_close(found.per_class[number], expected)
    assert found.per_class.std(0).max() > 1e-3


@pytest.mark.parametrize("first", [True, False])
def test_what_one_picture_shows_counts_whatever_its_batch(first: bool) -> None:
    """Channel 1 takes another value in one picture alone: it is neither constant nor silent."""
    model, images = Net(), torch.zeros(10, 3, 4, 4)
    with torch.no_grad():
        model.filter.weight.fill_(1)
        model.filter.bias.zero_()
    images[:, 0] = torch.rand(10, 4, 4)
    images[0 if first else 9, 1] = 1
    seen = seen_of(model, images, 4)
    (kernels,), (row,) = seen.kernels, [row for row in seen.activations if row["layer"] == "act"]
    assert kernels.constant.tolist() == [False, False, True]
    assert row["silent"] == pytest.approx(1 / 3)
    assert row["zero_share"] == pytest.approx(float((images == 0).float().mean()))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_ranges_are_over_all_batches(order: tuple[int, int]) -> None:
    parts = (torch.full((1, 1, 2, 2), -3.0), torch.full((1, 1, 2, 2), 5.0))
    ranges = Ranges()
    for number in order:
        ranges(parts[number], parts[number])
    assert ranges.extent().tolist() == [8]


def test_the_spread_of_the_spiral_s_error_is_from_the_5th_to_the_95th_percentile() -> None:
    (row,) = spiral.losses((3,), draws=41)
    points = spiral.spiral()[1:]
    errors = spiral.error(points, spiral.there_and_back(points, spiral.matrices(3, 41))).numpy()
    assert (row.low, row.high) == pytest.approx(tuple(np.quantile(errors, [0.05, 0.95])))
    assert row.error == pytest.approx(errors.mean())
    assert errors.min() < row.low < row.high < errors.max()


class Noisy(nn.Module):
    """A stem, and one block that gives each channel again with some of another, and one with its sign turned."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.stem, self.blocks, self.share = nn.Identity(), nn.Sequential(nn.Identity()), share

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        return self.blocks(torch.stack([x[:, 0], x[:, 0] + self.share * x[:, 1], -x[:, 2], x[:, 2]], 1))


@pytest.mark.parametrize(("share", "pairs"), [(0.3, 1), (0.4, 0)])  # cosines of 0.958 and 0.928
def test_twins_are_those_above_the_threshold(share: float, pairs: int) -> None:
    images = torch.randn(400, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    model = Noisy(share)
    watcher = Twins(model)
    watch(model, images.split(64), [watcher.watchers])
    assert watcher.result()[1]["pairs"] == pairs


def test_classes_and_channels_spread_apart() -> None:
    """Channels of 0.1 and 0.9 that all classes share; then classes that do, whatever the channel."""
    rows = torch.tensor([[0.1, 0.9], [0.1, 0.9], [0.1, 0.9]])
    row = Gates("net", "SE", rows, 0.0, 0.0).row()
    assert (row["between_channels"], row["between_classes"]) == pytest.approx((0.4, 0.0))
    turned = Gates("net", "SE", torch.tensor([[0.1, 0.1], [0.9, 0.9]]), 0.0, 0.0).row()
    assert (turned["between_channels"], turned["between_classes"]) == pytest.approx((0.0, 0.4))

"""Receptive fields against closed formulas and published figures."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from lissom.models import build, mobilenetv1, mobilenetv3
from lissom.profiler import count


def field_after(*layers: nn.Module, shape: tuple[int, ...] = (4, 32, 32)) -> tuple[int, ...] | None:
    """Of the last layer's output."""
    return count(nn.Sequential(*layers), input_shape=shape).layers[-1].receptive_field


def conv(kernel: int, **options: int) -> nn.Conv2d:
    return nn.Conv2d(4, 4, kernel, **options)


@pytest.mark.parametrize(
    ("layers", "field"),
    [
        ([conv(3)], 3),
        ([conv(3), conv(3)], 5),
        ([conv(3, stride=2), conv(3)], 3 + 2 * 2),
        ([conv(3, dilation=4)], 2 * 4 + 1),
        ([conv(1), nn.ReLU(), nn.BatchNorm2d(4)], 1),
        ([nn.MaxPool2d(2), conv(3)], 2 + 2 * 2),
        ([nn.AvgPool2d(3, 2, padding=1), conv(3)], 3 + 2 * 2),
        ([conv(3), nn.ChannelShuffle(2), conv(3)], 5),
        ([nn.Upsample(scale_factor=2), conv(3)], 1 + 1),  # two of three neighbours come from one pixel
        ([conv(4, stride=2), nn.ConvTranspose2d(4, 4, 4, stride=2)], 4 + 2),
        ([nn.AdaptiveAvgPool2d(1)], 32),
        ([nn.AdaptiveAvgPool2d(4)], 8),
        ([conv(3), nn.AdaptiveAvgPool2d(1)], 3 + 29),
        ([nn.Flatten(), nn.Linear(4 * 32 * 32, 2)], 32),
        ([conv(2, stride=2), nn.Flatten(), nn.Linear(4 * 16 * 16, 2)], 32),
    ],
    ids=str,
)  # fmt: skip
def test_windows(layers: list[nn.Module], field: int) -> None:
    assert field_after(*layers) == (field, field)


def test_sides_are_apart() -> None:
    assert field_after(nn.Conv2d(4, 4, (1, 5), stride=(2, 1)), nn.Conv2d(4, 4, (3, 1))) == (5, 5)
    assert field_after(nn.Conv1d(4, 4, 3, stride=2), nn.Conv1d(4, 4, 3), shape=(4, 20)) == (7,)
    assert field_after(nn.Conv3d(4, 4, (7, 3, 5)), shape=(4, 9, 9, 9)) == (7, 3, 5)


class Calls(nn.Module):
    """A convolution, then a function of its map and the image."""

    def __init__(self, function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self.conv(x), x)


@pytest.mark.parametrize(
    ("function", "field"),
    [
        (lambda y, x: y + x, (3, 3)),  # the larger of two
        (lambda y, x: torch.cat([x, y], 1) * 2, (3, 3)),
        (lambda y, x: x * y.mean((2, 3), keepdim=True), (1, 1)),  # a gate is not followed
        (lambda y, x: x * y.mean(1, keepdim=True), (1, 1)),
        (lambda y, x: y[:, :, ::2].relu(), (3, 3)),
        (lambda y, x: y.flatten(2).transpose(1, 2).relu(), None),  # pixels became tokens
        (lambda y, x: (y.flatten(2) @ x.flatten(2).transpose(1, 2)), None),
    ],
)  # fmt: skip
def test_functions(function: Callable, field: tuple | None) -> None:
    layers = {layer.name: layer for layer in count(Calls(function), input_shape=(4, 8, 8)).layers}
    assert layers[""].receptive_field == field


def test_a_filter_along_the_channels_is_not_followed_and_gates_all_the_same() -> None:
    class Efficient(nn.Module):  # channel attention of arXiv 1910.03151
        def __init__(self) -> None:
            super().__init__()
            self.first, self.along = conv(3, padding=1), nn.Conv1d(1, 1, 3, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.first(x)
            return x * self.along(x.mean((2, 3)).unsqueeze(1)).sigmoid().view(1, -1, 1, 1)

    found = count(nn.Sequential(Efficient(), conv(3)), input_shape=(4, 8, 8))
    assert found.receptive_field == (5, 5)
    assert found.other["se"] == 4 * 8 * 8


def test_where_the_output_is_not_followed_the_network_has_no_field() -> None:
    net = Calls(lambda y, x: y.flatten(2).transpose(1, 2).relu())
    assert count(net, input_shape=(4, 8, 8)).receptive_field is None


def test_steps_of_a_slice_move_the_next_window() -> None:
    net = nn.Sequential(Calls(lambda y, x: y[:, :, ::2, ::2]), nn.Conv2d(4, 4, 3))
    assert count(net, input_shape=(4, 16, 16)).receptive_field == (3 + 2 * 2, 3 + 2 * 2)


def windows(*steps: tuple[int, int]) -> int:
    """Of a chain of windows (kernel, stride): 1 plus the sum of (kernel - 1) times the strides before."""
    field = jump = 1
    for kernel, stride in steps:
        field, jump = field + (kernel - 1) * jump, jump * stride
    return field


NETWORKS = [
    ("mobilenetv1", 315),  # so too in the appendix of Araujo, Norris and Sim, Distill 2019
    ("mobilenetv1", windows((3, 2), *[(3, row.stride) for row in mobilenetv1.ROWS])),
    ("mobilenetv3_large", windows((3, 2), *[(row.kernel, row.stride) for row in mobilenetv3.LARGE])),
    ("mobilenetv3_small", windows((3, 2), *[(row.kernel, row.stride) for row in mobilenetv3.SMALL])),
    ("resnet18", windows((7, 2), (3, 2), *[(3, 2 if n in (4, 8, 12) else 1) for n in range(16)])),
    ("se_resnet18", 435),
]


@pytest.mark.parametrize("resolution", [224, 32])  # gates change nothing, even where they stand on a map of one pixel
@pytest.mark.parametrize(("name", "field"), NETWORKS, ids=str)
def test_networks_before_they_pool(name: str, field: int, resolution: int) -> None:
    with torch.device("meta"):
        net = build(name)
    assert count(net, resolution=resolution).receptive_field == (field, field)

"""Bytes moved and bytes alive, with closed formulas."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lissom.profiler import count
from lissom.profiler.memory import Liveness, traffic

FLOAT = 4  # bytes


class Calls(nn.Module):
    """A network that is one function of its input."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


@pytest.mark.parametrize(
    ("layer", "weights", "out"),
    [
        (nn.Conv2d(8, 16, 3, padding=1, bias=False), 8 * 16 * 9, 16 * 36),
        (nn.Conv2d(8, 16, 1, stride=2), 8 * 16 + 16, 16 * 9),
        (nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), 8 * 9, 8 * 36),
        (nn.BatchNorm2d(8), 4 * 8, 8 * 36),  # scale, shift, mean, variance
        (nn.ReLU(), 0, 8 * 36),
        (nn.ReLU(inplace=True), 0, 8 * 36),
        (nn.AdaptiveAvgPool2d(1), 0, 8),
        (nn.ChannelShuffle(2), 0, 8 * 36),
        (nn.ZeroPad2d(1), 0, 8 * 64),
    ],
    ids=str,
)  # fmt: skip
def test_a_layer_reads_its_map_and_weights_and_writes_its_output(layer: nn.Module, weights: int, out: int) -> None:
    found = count(layer, input_shape=(8, 6, 6))
    assert (found.bytes_read, found.bytes_written) == (FLOAT * (8 * 36 + weights), FLOAT * out)
    assert found.memory_access == 8 * 36 + weights + out


def test_half_precision_moves_half() -> None:
    single, half = (count(nn.Conv2d(8, 16, 3).to(t), resolution=9) for t in (torch.float32, torch.bfloat16))
    assert single.memory_access == half.memory_access
    assert single.bytes_read + single.bytes_written == 2 * (half.bytes_read + half.bytes_written)
    assert single.peak_memory_bytes == 2 * half.peak_memory_bytes
    assert single.weight_bytes == 2 * half.weight_bytes == FLOAT * (8 * 16 * 9 + 16)


def test_a_view_moves_nothing_and_a_sum_reads_both() -> None:
    assert count(nn.Flatten(), resolution=8).memory_access == 0
    assert count(Calls(lambda x: x.flatten(2).unsqueeze(1).transpose(2, 3)), resolution=8).memory_access == 0
    assert count(Calls(lambda x: x + x.flip(2)), input_shape=(4, 4, 4)).memory_access == 2 * 64 + 3 * 64
    assert count(Calls(lambda x: x + x), input_shape=(4, 4, 4)).memory_access == 64 + 64  # one tensor, read once


def test_a_repeated_tensor_lies_in_memory_once() -> None:
    assert traffic([torch.zeros(3, 1).expand(3, 1000)]).elements == 3
    assert traffic([torch.zeros(4, 6).t(), torch.zeros(2, dtype=torch.int64)]) == (26, 24 * FLOAT + 16)


def test_intensity_is_macs_per_byte() -> None:
    (layer,) = count(nn.Conv2d(8, 16, 1, bias=False), resolution=6).layers
    assert layer.intensity == 8 * 16 * 36 / (FLOAT * (8 * 36 + 8 * 16 + 16 * 36))


def wide(*channels: int) -> nn.Sequential:
    return nn.Sequential(*[nn.Conv2d(a, b, 1, bias=False) for a, b in pairwise(channels)])


@pytest.mark.parametrize(
    ("net", "channels"),
    [
        (wide(4, 8), 4 + 8),
        (wide(4, 8, 16, 2), 4 + 8 + 16),  # the image stays: the caller holds it
        (wide(4, 16, 8), 4 + 16 + 8),
        (nn.Sequential(*wide(4, 8), nn.ReLU()), 4 + 8 + 8),
        (nn.Sequential(*wide(4, 8), nn.ReLU(inplace=True)), 4 + 8),
        (Calls(lambda x: x + x.relu().exp()), 4 * 3),  # relu's map is gone when exp has run
        (Calls(lambda x: torch.cat([x, x.relu(), x.exp()], 1)), 4 + 4 + 4 + 12),
        (Calls(lambda x: F.relu(x.flatten(2)).unsqueeze(1)), 4 + 4),
    ],
)  # fmt: skip
def test_peak_is_what_lives_at_once(net: nn.Module, channels: int) -> None:
    assert count(net, input_shape=(4, 5, 5)).peak_memory_bytes == FLOAT * 25 * channels


def test_a_shortcut_keeps_its_map_alive() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.branch = wide(8, 32, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.branch(x)

    assert count(nn.Sequential(*wide(4, 8), Residual()), resolution=5).peak_memory_bytes == FLOAT * 25 * (
        4 + 8 + 32 + 8  # image, shortcut, both ends of the branch's second layer
    )


def test_weights_are_apart_and_a_shared_one_weighs_once() -> None:
    shared = nn.Linear(6, 6)
    found = count(nn.Sequential(shared, nn.BatchNorm1d(6), shared), input_shape=(6,))
    long = 8  # bytes of the number of batches that the norm has seen
    assert found.weight_bytes == FLOAT * (36 + 6 + 4 * 6) + long
    assert found.peak_memory_bytes == FLOAT * 6 * 3


def test_what_is_dropped_is_subtracted() -> None:
    live = Liveness()
    first, second = torch.empty(10, device="meta"), torch.empty(5, device="meta")
    live.add(first)
    window = first[2:4]
    live.add(window, is_view=True)
    live.add(second.view(5), is_view=True)  # of a storage that was never given
    del first
    assert (live.alive, live.peak) == (40, 40)  # the view still holds it
    del window
    assert (live.alive, live.peak) == (0, 40)
    live.add(second)
    assert (live.alive, live.peak) == (20, 40)

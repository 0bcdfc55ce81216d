"""ShuffleNet, section 3.1."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lissom.blocks.channel_shuffle import ChannelShuffle
from lissom.deploy.onnx import export_onnx
from lissom.deploy.runner import Runner


def order(channels: int, groups: int) -> list[int]:
    """Where each channel of the result came from."""
    return ChannelShuffle(channels, groups)(torch.arange(channels).reshape(1, channels, 1, 1)).flatten().tolist()


def test_takes_the_first_of_each_group_then_the_second_of_each() -> None:
    assert order(6, 3) == [0, 2, 4, 1, 3, 5]
    assert order(8, 2) == [0, 4, 1, 5, 2, 6, 3, 7]


@pytest.mark.parametrize(("channels", "groups"), [(12, 1), (12, 12), (24, 3), (40, 8), (116, 2), (116, 58)])
def test_equals_torch_s_own(channels: int, groups: int) -> None:
    x = torch.randn(3, channels, 4, 5)
    assert torch.equal(ChannelShuffle(channels, groups)(x), nn.functional.channel_shuffle(x, groups))


def test_half_as_many_groups_as_channels_parts_even_from_odd() -> None:
    """So the authors' ShuffleNetV2 splits."""
    assert order(8, 4) == [0, 2, 4, 6, 1, 3, 5, 7]


@pytest.mark.parametrize("groups", [2, 3, 4, 8])
def test_the_same_number_of_channels_per_group_as_groups_undoes_it(groups: int) -> None:
    x = torch.randn(2, 48, 3, 3)
    there, back = ChannelShuffle(48, groups), ChannelShuffle(48, 48 // groups)
    assert not torch.equal(there(x), x)
    assert torch.equal(back(there(x)), x)


def test_every_group_hears_of_every_group() -> None:
    """After it each of 3 groups of 4 holds a channel of each group before it, as 4 >= 3."""
    for group in torch.tensor(order(12, 3)).reshape(3, 4):
        assert {int(channel) // 4 for channel in group} == {0, 1, 2}


def test_channels_that_do_not_divide_are_our_fault() -> None:
    with pytest.raises(AssertionError):
        ChannelShuffle(10, 3)


class Shuffled(nn.Module):
    """Fault 13: a reshape by numbers that the trace has fixed would keep the example's batch for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 12, 1)
        self.shuffle = ChannelShuffle(12, 3)
        self.head = nn.Linear(12, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.shuffle(self.conv(x)).amax((2, 3)))


def test_exported_graph_takes_any_batch_and_any_image() -> None:
    model = Shuffled().eval()
    batch, height, width = (torch.export.Dim(name, min=1, max=64) for name in ("batch", "height", "width"))
    example = torch.randn(2, 3, 8, 9)
    program = torch.export.export(model, (example,), dynamic_shapes=({0: batch, 2: height, 3: width},))
    for shape in ((1, 3, 8, 9), (7, 3, 8, 9), (5, 3, 4, 6)):
        x = torch.randn(shape)
        torch.testing.assert_close(program.module()(x), model(x))


def test_onnx_file_takes_any_batch(tmp_path: Path) -> None:
    model = Shuffled().eval()
    about = {"task": "classify", "facts": {}, "network": "net", "weights": "abc"}
    export_onnx(model, tmp_path / "m.onnx", inputs={"images": (3, 8, 8)}, outputs=["maps"], about=about)
    runner = Runner(tmp_path / "m.onnx")
    for number in (1, 2, 5):
        x = torch.randn(number, 3, 8, 8)
        np.testing.assert_allclose(runner(x.numpy())["maps"], model(x).detach().numpy(), rtol=1e-5, atol=1e-5)

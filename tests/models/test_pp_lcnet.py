"""PP-LCNet: timm's, at every width of the paper that it has."""

import pytest
import timm
import torch
from torch import nn

from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.models import build
from models.parity import hand_over, largest_difference, randomise
from models.test_mobilenetv4 import with_linear_head


@pytest.mark.parametrize(("theirs", "width"), [
    ("lcnet_035", 0.35), ("lcnet_050", 0.5), ("lcnet_075", 0.75), ("lcnet_100", 1.0), ("lcnet_150", 1.5),
])  # fmt: skip
def test_equals_timm(theirs: str, width: float) -> None:
    reference = randomise(timm.create_model(theirs))
    ours = hand_over(with_linear_head(reference), build("pp_lcnet", width=width))
    assert largest_difference(reference, ours, resolution=64) < 1e-5


@pytest.mark.parametrize(("name", "pyramid"), [
    ("pp_lcnet",       [(2, 32), (4, 64), (8, 128), (16, 256), (32, 512)]),
    ("pp_lcnet_cifar", [(1, 64), (2, 128), (4, 256), (8, 512)]),
])  # fmt: skip
def test_pyramid(name: str, pyramid: list) -> None:
    with torch.device("meta"):
        assert list(build(name).pyramid) == pyramid


def test_gates_and_wide_filters_stand_at_the_end() -> None:
    """5x5 filters from 14x14 pixels on, squeeze-and-excitation in the last two blocks alone."""
    with torch.device("meta"):
        blocks = list(build("pp_lcnet").blocks)
    kernels = [block.depthwise.conv.kernel_size[0] for block in blocks]
    gates = [any(isinstance(m, SqueezeExcitation) for m in block.modules()) for block in blocks]
    assert kernels == [3] * 6 + [5] * 7
    assert gates == [False] * 11 + [True] * 2
    assert not any(isinstance(m, nn.ReLU) for block in blocks[:11] for m in block.modules())  # h-swish throughout

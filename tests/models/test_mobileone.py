"""MobileOne: timm's, at every size, in training and fused."""

import pytest
import timm
import torch
from torch import nn

from lissom.models import build, fuse
from models.parity import hand_over, randomise, relative_difference
from models.zoo import slow_unless


@pytest.mark.parametrize("size", slow_unless(("s0", "s1", "s4"), ("s0", "s1", "s2", "s3", "s4")))
def test_equals_timm(size: str) -> None:
    theirs = randomise(timm.create_model(f"mobileone_{size}"))
    ours = hand_over(theirs, build(f"mobileone_{size}"))
    assert relative_difference(theirs, ours, resolution=64) < 1e-5


def test_pyramid() -> None:
    with torch.device("meta"):
        assert list(build("mobileone_s0").pyramid) == [(2, 48), (4, 48), (8, 128), (16, 256), (32, 1024)]
        assert list(build("mobileone_s0_cifar").pyramid) == [(1, 48), (2, 128), (4, 256), (8, 1024)]


def test_other_input_channels_change_all_kernels_that_see_the_input() -> None:
    model = build("mobileone_s0", in_channels=5, width=0.25)
    seen = [m for m in model.get_submodule(model.ends.stem).modules() if isinstance(m, nn.Conv2d)]
    assert [m.in_channels for m in seen] == [5, 5]


def test_fused_it_is_a_plain_network() -> None:
    with torch.device("meta"):
        fused = fuse(build("mobileone_s1"))
    assert not any(isinstance(m, nn.BatchNorm2d) for m in fused.modules())
    assert [type(m).__name__ for m in fused.blocks[0]] == ["FusedConv", "ReLU"]

"""MobileNetV4: timm's, at every size and other widths."""

import copy
from typing import Any

import pytest
import timm
import torch
from torch import nn

from lissom.blocks.universal_bottleneck import UniversalBottleneck
from lissom.models import build
from models.parity import hand_over, randomise, relative_difference

SIZES = pytest.mark.parametrize("size", ["small", "medium", "large"])


def with_linear_head(theirs: Any) -> Any:
    """timm's network with its last 1x1 convolution as a linear layer, and the norm behind it for that."""
    found = copy.deepcopy(theirs)
    conv = found.conv_head
    linear = nn.Linear(conv.in_channels, conv.out_channels, bias=conv.bias is not None)
    for name, value in conv.named_parameters():
        getattr(linear, name).data = value.data.flatten(1) if name == "weight" else value.data
    found.conv_head = linear
    return found


@SIZES
def test_equals_timm(size: str) -> None:
    theirs = randomise(timm.create_model(f"mobilenetv4_conv_{size}"))
    ours = hand_over(with_linear_head(theirs), build(f"mobilenetv4_conv_{size}"))
    assert relative_difference(theirs, ours, resolution=64) < 1e-5


@pytest.mark.parametrize("width", [0.5, 0.35])
def test_equals_timm_at_other_widths(width: float) -> None:
    reference = randomise(timm.create_model(f"mobilenetv4_conv_small_0{width * 100:.0f}"))
    ours = hand_over(with_linear_head(reference), build("mobilenetv4_conv_small", width=width))
    assert relative_difference(reference, ours, resolution=64) < 1e-5


@pytest.mark.parametrize(("name", "pyramid"), [
    ("mobilenetv4_conv_small",       [(2, 32), (4, 32), (8, 64), (16, 96), (32, 128)]),
    ("mobilenetv4_conv_medium",      [(2, 32), (4, 48), (8, 80), (16, 160), (32, 256)]),
    ("mobilenetv4_conv_large",       [(2, 24), (4, 48), (8, 96), (16, 192), (32, 512)]),
    ("mobilenetv4_conv_small_cifar", [(1, 32), (2, 64), (4, 96), (8, 128)]),
])  # fmt: skip
def test_pyramid(name: str, pyramid: list) -> None:
    with torch.device("meta"):
        assert list(build(name).pyramid) == pyramid


@pytest.mark.parametrize(("first", "mid", "filters"), [
    (0, 0, []), (3, 0, [(3, 1)]), (0, 5, [(5, 2)]), (5, 3, [(5, 1), (3, 2)]),
])  # fmt: skip
def test_a_bottleneck_has_the_filters_that_it_is_told(first: int, mid: int, filters: list) -> None:
    """The stride stands in the mid filter; without one in the first, so that a lone first one of stride 2 halves."""
    block = UniversalBottleneck(8, 16, first=first, mid=mid, expansion=2, stride=2 if mid else 1)
    depthwise = [m for m in block.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    assert [(m.kernel_size[0], m.stride[0]) for m in depthwise] == filters
    assert isinstance(block.first, nn.Identity) or isinstance(block.first.act, nn.Identity)
    assert isinstance(block.project.act, nn.Identity)


def test_a_lone_first_filter_has_the_stride() -> None:
    block = UniversalBottleneck(8, 16, first=3, mid=0, expansion=2, stride=2)
    assert block(torch.zeros(1, 8, 8, 8)).shape == (1, 16, 4, 4)

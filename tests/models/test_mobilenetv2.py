"""MobileNetV2: torchvision's, and the CIFAR form that ports use."""

import pytest
import torch
import torchvision
from torch import nn

from lissom.models import build
from lissom.models.mobilenetv2 import ProjectedResidual
from models.parity import hand_over, largest_difference, randomise


@pytest.mark.parametrize("width", [1.0, 0.35, 0.5, 0.75, 1.4])
def test_equals_torchvision(width: float) -> None:
    theirs = randomise(torchvision.models.mobilenet_v2(width_mult=width))
    ours = hand_over(theirs, build("mobilenetv2", width=width))
    assert largest_difference(theirs, ours, resolution=96) == 0


@pytest.mark.parametrize(("width", "last"), [(0.35, 1280), (0.5, 1280), (1.0, 1280), (1.4, 1792)])
def test_last_convolution_never_falls_below_1280(width: float, last: int) -> None:
    with torch.device("meta"):
        assert build("mobilenetv2", width=width).expansion.conv.out_channels == last


def test_cifar_form_has_the_paper_s_blocks_at_other_strides() -> None:
    theirs = torchvision.models.mobilenet_v2(num_classes=10)
    theirs.features[0][0].stride = (1, 1)
    theirs.features[2].conv[1][0].stride = (1, 1)  # the second stage's first block
    randomise(theirs)
    ours = hand_over(theirs, build("mobilenetv2_cifar", num_classes=10))
    assert largest_difference(theirs, ours, resolution=32) == 0


def test_projected_shortcut_is_a_pointwise_convolution_with_a_norm() -> None:
    block = ProjectedResidual(8, 48, 16, stride=1).eval()
    nn.init.zeros_(block.project.conv.weight)
    x = torch.randn(1, 8, 6, 6)
    expected = nn.functional.conv2d(x, block.shortcut.conv.weight) / (1 + 1e-5) ** 0.5
    torch.testing.assert_close(block(x), expected)


def test_projection_form_projects_four_times_and_has_relu() -> None:
    with torch.device("meta"):
        model = build("mobilenetv2_cifar", projection=True)
    projected = [b.shortcut.conv for b in model.blocks if not isinstance(b.shortcut, nn.Identity)]
    assert [(c.in_channels, c.out_channels) for c in projected] == [(32, 16), (16, 24), (64, 96), (160, 320)]
    assert not any(isinstance(module, nn.ReLU6) for module in model.modules())


@pytest.mark.parametrize(
    ("name", "pyramid"),
    [
        ("mobilenetv2", [(2, 16), (4, 24), (8, 32), (16, 96), (32, 320)]),  # before the expansion to 1280
        ("mobilenetv2_cifar", [(1, 24), (2, 32), (4, 96), (8, 320)]),
    ],
)
def test_pyramid(name: str, pyramid: list) -> None:
    with torch.device("meta"):
        assert list(build(name).pyramid) == pyramid

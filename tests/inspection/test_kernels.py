"""A kernel is dead when it is weak, or when its channel says the same of every image and place."""

import pytest
import torch
from torch import nn

from lissom import models
from lissom.blocks.conv import ConvNormAct
from lissom.inspection.kernels import DeadKernels, Kernels, constant, depthwise_layers, weak
from lissom.inspection.watching import ends, watch


def dead_kernels(model: nn.Module, images: torch.Tensor) -> list[Kernels]:
    layers = depthwise_layers(model)
    watcher = DeadKernels(layers, ends(model, images[:1], layers))
    watch(model, [images[:2], images[2:]], [watcher.watchers])
    return watcher.result()


@pytest.fixture
def layer() -> ConvNormAct:
    torch.manual_seed(0)
    unit = ConvNormAct(4, 4, groups=4)
    unit.norm(torch.randn(16, 4, 6, 6))
    return unit


IMAGES = torch.randn(5, 4, 6, 6, generator=torch.Generator().manual_seed(1))


def test_a_fresh_layer_has_no_dead_kernel(layer: ConvNormAct) -> None:
    (found,) = dead_kernels(layer, IMAGES)
    assert found.row() == {
        "layer": "conv", "kernel": "3 x 3", "channels": 4, "weak": 0, "constant": 0, "dead": 0, "dead_share": 0.0,
    }  # fmt: skip


def test_a_kernel_below_a_hundredth_of_the_largest_norm_is_weak() -> None:
    weight = torch.zeros(4, 1, 3, 3)
    weight[:, 0, 1, 1] = torch.tensor([-2.0, 0.021, 0.019, 0.0])
    assert weak(weight).tolist() == [False, False, True, True]
    assert weak(torch.zeros(2, 1, 3, 3)).all()


def test_a_channel_that_relu_closes_is_constant_however_strong_its_kernel(layer: ConvNormAct) -> None:
    with torch.no_grad():
        layer.norm.bias[2] = -100.0
    (found,) = dead_kernels(layer, IMAGES)
    assert found.weak.tolist() == [False] * 4
    assert found.constant.tolist() == found.dead.tolist() == [False, False, True, False]


def test_the_range_is_over_all_images_of_all_batches(layer: ConvNormAct) -> None:
    images = IMAGES.clone()
    with torch.no_grad():
        layer.norm.bias[2] = -100.0
        layer.conv.weight[2] = 100.0
    images[:, 2] = 0
    assert dead_kernels(layer, images)[0].constant[2]
    images[4, 2] = 5.0  # one image of the second batch
    assert not dead_kernels(layer, images)[0].constant[2]


def test_a_range_below_a_ten_thousandth_of_the_largest_is_constant() -> None:
    assert constant(torch.tensor([3.0, 3.1e-4, 2.9e-4])).tolist() == [False, False, True]


def test_only_one_input_channel_for_each_kernel_is_depthwise() -> None:
    model = nn.Sequential(nn.Conv2d(4, 4, 3), nn.Conv2d(4, 8, 3, groups=2), nn.Conv2d(8, 16, 3, groups=8))
    assert list(depthwise_layers(model)) == ["2"]  # two kernels for each channel
    assert depthwise_layers(nn.Conv2d(1, 8, 3)) == {}  # one group of one channel is an ordinary convolution


@pytest.mark.parametrize(("name", "layers", "end"), [
    ("mobilenetv1", 13, "act"),
    ("mobilenetv2", 17, "act"),
    ("mobilenetv3_small", 11, "act"),
])  # fmt: skip
def test_every_depthwise_layer_is_seen_after_its_activation(name: str, layers: int, end: str) -> None:
    model = models.build(name, num_classes=3, width=0.25)
    found = ends(model, torch.zeros(1, 3, 32, 32), depthwise_layers(model))
    assert len(found) == layers
    assert {last.rpartition(".")[2] for last in found.values()} == {end}
    assert all(last == name.removesuffix("conv") + end for name, last in found.items())


def test_a_foreign_layer_without_norm_is_its_own_end() -> None:
    model = nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.MaxPool2d(2), nn.ReLU())
    assert ends(model, IMAGES, ["0"]) == {"0": "0"}


def test_no_hook_stays_and_the_mode_is_put_back(layer: ConvNormAct) -> None:
    layer.train()
    dead_kernels(layer, IMAGES)
    assert layer.training
    assert not any(module._forward_hooks for module in layer.modules())

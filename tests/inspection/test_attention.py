"""Gates are averaged class by class; CBAM's places are given image by image."""

import pytest
import torch
from torch import nn

from lissom import models
from lissom.blocks.cbam import CBAM
from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.inspection.attention import ChannelGates, class_means, feature_maps, spatial_gates
from lissom.inspection.watching import watch


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_class_means_and_a_class_without_images() -> None:
    values = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.5, 1.0]])
    means = class_means(values, torch.tensor([2, 2, 0]), 3)
    assert means[2].tolist() == [0.5, 0.0]
    assert means[0].tolist() == [0.5, 1.0]
    assert means[1].isnan().all()


@pytest.mark.parametrize("kind", ["SE", "CBAM"])
def test_gates_are_what_the_block_multiplies_by(kind: str) -> None:
    torch.manual_seed(0)
    block = SqueezeExcitation(6, 2) if kind == "SE" else CBAM(6, 2)
    model, images = nn.Sequential(block), noise(10, 6, 5, 5)
    inner = block if isinstance(block, SqueezeExcitation) else block.channel
    gates = ChannelGates(model)
    watch(model, images.split(4), [gates.watchers])
    (found,) = gates.result(torch.arange(10), 10)  # a class for each image
    assert found.kind == kind
    with torch.no_grad():
        expected = (inner(images) / images)[:, :, 0, 0]
    assert torch.allclose(found.per_class, expected, atol=1e-5)


def test_an_open_gate_is_counted_and_tells_classes_apart_by_nothing() -> None:
    block = SqueezeExcitation(4, 2)
    with torch.no_grad():
        block.expand.weight.zero_()
        block.expand.bias.copy_(torch.tensor([9.0, 9.0, 9.0, -9.0]))
    model = nn.Sequential(block)
    gates = ChannelGates(model)
    watch(model, [noise(6, 4, 3, 3)], [gates.watchers])
    row = gates.result(torch.tensor([0, 0, 1, 1, 1, 0]), 3)[0].row()  # the third class has no image
    assert (row["open"], row["closed"], row["channels"]) == (0.75, 0.25, 4)
    assert row["between_classes"] == pytest.approx(0, abs=1e-7)
    assert row["mean_gate"] == pytest.approx(0.75, abs=1e-3)
    assert row["between_channels"] == pytest.approx((0.75 * 0.25) ** 0.5, abs=1e-3)  # deviation of 1, 1, 1, 0


def test_places_of_cbam_are_its_spatial_weights() -> None:
    torch.manual_seed(0)
    model, images = nn.Sequential(CBAM(6, 2)).eval(), noise(3, 6, 5, 5)
    weights = spatial_gates(model, images)["0.spatial"]
    assert weights.shape == (3, 5, 5)
    with torch.no_grad():
        refined = model[0].channel(images)
        assert torch.allclose(refined * weights[:, None], model(images), atol=1e-6)


def test_networks_with_and_without_attention() -> None:
    assert len(ChannelGates(models.build("mobilenetv3_large", width=0.25)).watchers) == 8  # table 1's SE column
    assert ChannelGates(models.build("mobilenetv2", width=0.25)).watchers == {}


def test_feature_maps_are_those_of_the_module_named() -> None:
    model = nn.Sequential(nn.ReLU(), nn.AvgPool2d(2))
    images = noise(2, 3, 4, 4)
    assert torch.equal(feature_maps(model, images, "0"), images.relu())

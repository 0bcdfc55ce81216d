"""SE-Inception: a second one written plainly from the table, and the port that never calls its gates."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d

from lissom.blocks.inception import CeilMaxPool
from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.models import build
from lissom.profiler import count
from models.parity import randomise
from models.plain import Numbers, attend, ceil_pool, classify, conv_norm

# after the two convolutions at stride 4, with the pooling of each module; "" halves the map and has no 1x1 branch
MODULES = ["avg", "avg", "", "avg", "avg", "avg", "avg", "", "avg", "max"]


def plain(x: Tensor, model: nn.Module, attention: str) -> Tensor:
    numbers = Numbers(model)
    x = ceil_pool(conv_norm(x, numbers, stride=2))
    x = conv_norm(x, numbers)
    x = ceil_pool(conv_norm(x, numbers))
    for pool in MODULES:
        x = attend(attention, plain_module(x, numbers, pool), numbers)
    return classify(x, numbers)


def plain_module(x: Tensor, numbers: Numbers, pool: str) -> Tensor:
    stride = 1 if pool else 2
    branches = [conv_norm(x, numbers)] if pool else []
    branches.append(conv_norm(conv_norm(x, numbers), numbers, stride=stride))
    branches.append(conv_norm(conv_norm(conv_norm(x, numbers), numbers), numbers, stride=stride))
    if not pool:
        branches.append(ceil_pool(x))
    else:
        pooled = avg_pool2d(x, 3, 1, 1) if pool == "avg" else max_pool2d(x, 3, 1, 1)
        branches.append(conv_norm(pooled, numbers))
    return torch.cat(branches, 1)


@pytest.mark.parametrize(
    ("options", "resolution"),
    [({}, 96), ({"attention": "none", "width": 0.5}, 64), ({"attention": "cbam", "width": 0.5, "reduction": 8}, 64)],
)
def test_equals_a_plain_one(options: dict, resolution: int) -> None:
    ours = randomise(build("se_inception", num_classes=10, **options)).double()
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(2, 3, resolution, resolution, dtype=torch.float64, generator=draw)
    with torch.no_grad():
        expected = plain(x, ours, options.get("attention", "se"))
        assert expected.std() > 1e-3
        torch.testing.assert_close(ours(x), expected, rtol=1e-9, atol=1e-9)


def test_all_ten_gates_are_called_and_change_the_answer() -> None:
    """A wide-spread port builds its squeeze-and-excitation layers and never calls them."""
    model = randomise(build("se_inception", num_classes=5, width=0.25))
    gates = [module for module in model.modules() if isinstance(module, SqueezeExcitation)]
    assert len(gates) == 10
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = model(x)
        for gate in gates:
            before = gate.expand.bias.clone()
            gate.expand.bias -= 100  # shut
            assert not torch.allclose(model(x), expected, rtol=1e-3)
            gate.expand.bias.copy_(before)
        assert torch.equal(model(x), expected)


def test_gates_cost_what_their_layers_have() -> None:
    """For each module's C channels: 2 C C/16 products, C + C/16 biases."""
    channels = [256, 320, 576, 576, 576, 608, 608, 1056, 1024, 1024]
    with torch.device("meta"):
        with_gates, without = (count(build("se_inception", attention=kind), resolution=224) for kind in ("se", "none"))
    products = sum(2 * c * (c // 16) for c in channels)
    assert with_gates.macs - without.macs == products
    assert with_gates.parameters - without.parameters == products + sum(c + c // 16 for c in channels)


def test_pooling_rounds_up_without_padding() -> None:
    """All four of stride 2; a floor would give 55, 27, 13 and 6."""
    with torch.device("meta"):
        model = build("se_inception")
        pools = [module.pool for module in model.modules() if isinstance(module, CeilMaxPool)]
        maps = model.forward_pyramid(torch.empty(1, 3, 224, 224))
    assert [(p.kernel_size, p.stride, p.padding, p.ceil_mode) for p in pools] == [(3, 2, 0, True)] * 4
    assert [m.shape[2] for m in maps] == [112, 56, 28, 14, 7]


def test_pyramid() -> None:
    with torch.device("meta"):
        assert list(build("se_inception").pyramid) == [(2, 64), (4, 192), (8, 320), (16, 608), (32, 1024)]

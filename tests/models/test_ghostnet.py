"""GhostNet: timm's, and the taps of its course note."""

import pytest
import timm
import torch
from torch import nn

from lissom.blocks.ghost import GhostBottleneck, GhostModule
from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.errors import UsageError
from lissom.models import build, entry
from lissom.models.ghostnet import ROWS
from lissom.profiler import count
from models.parity import hand_over, largest_difference, randomise


def with_linear_head(network: nn.Module) -> nn.Module:
    """timm's network with its 1x1 convolution after the mean as the linear layer that it is: the same numbers."""
    conv = network.conv_head
    linear = nn.Linear(conv.in_channels, conv.out_channels)
    linear.weight.data, linear.bias.data = conv.weight.data.flatten(1), conv.bias.data
    network.conv_head = nn.Sequential(nn.Flatten(), linear, nn.Unflatten(1, (conv.out_channels, 1, 1)))
    return network


@pytest.mark.parametrize(("name", "width"), [("ghostnet_050", 0.5), ("ghostnet_100", 1.0), ("ghostnet_130", 1.3)])
def test_equals_timm(name: str, width: float) -> None:
    theirs = randomise(with_linear_head(timm.create_model(name)))
    ours = hand_over(theirs, build("ghostnet", width=width))
    assert largest_difference(theirs, ours, resolution=64) == 0


def test_linear_head_is_timm_s_convolution() -> None:
    """What the test above puts in place of it gives the same."""
    network = randomise(timm.create_model("ghostnet_050"))
    x = torch.randn(2, 3, 64, 64)
    expected = network(x)
    torch.testing.assert_close(with_linear_head(network)(x), expected, rtol=0, atol=1e-5 * expected.abs().max().item())


def test_cifar_form_equals_timm_s_without_two_strides() -> None:
    """Stem and second block of stride 1; at stride 1 a block has no filter between its modules."""
    theirs = with_linear_head(timm.create_model("ghostnet_100", num_classes=10))
    theirs.conv_stem.stride = (1, 1)
    second = theirs.blocks[1][0]
    second.stride, second.conv_dw, second.bn_dw = 1, None, None
    second.shortcut[0].stride = (1, 1)
    ours = hand_over(randomise(theirs), build("ghostnet_cifar", num_classes=10))
    assert largest_difference(theirs, ours, resolution=32) == 0


def test_pyramid_gives_the_course_note_s_taps() -> None:
    with torch.device("meta"):
        model = build("ghostnet")
        assert list(model.pyramid) == [(2, 16), (4, 24), (8, 40), (16, 112), (32, 160)]
        maps = model.forward_pyramid(torch.empty(1, 3, 224, 224))
        assert [m.shape[1:] for m in maps[2:]] == [(40, 28, 28), (112, 14, 14), (160, 7, 7)]
        assert list(build("ghostnet_cifar").pyramid) == [(1, 24), (2, 40), (4, 112), (8, 160)]


def test_answers_the_same_at_every_call_and_trains_all_its_parts() -> None:
    """Fault 7: the course note builds a module inside `forward`."""
    torch.manual_seed(0)
    model = build("ghostnet", num_classes=4, width=0.25)
    before = {key: p.detach().clone() for key, p in model.named_parameters()}
    model(torch.randn(4, 3, 96, 96)).square().sum().backward()
    torch.optim.SGD(model.parameters(), lr=1.0).step()
    assert [key for key, p in model.named_parameters() if torch.equal(p, before[key])] == []
    model.eval()
    x = torch.randn(2, 3, 64, 64)
    first, second = model(x), model(x)
    assert torch.equal(first, second)
    probabilities = first.softmax(1)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(2))


def test_gate_is_h_sigmoid_over_a_quarter_rounded_to_four() -> None:
    """Fault 7, and fault 2: 72 gives 20, 120 gives 32, 672 gives 168."""
    with torch.device("meta"):
        gates = [m for m in build("ghostnet").modules() if isinstance(m, SqueezeExcitation)]
    assert {type(gate.gate) for gate in gates} == {nn.Hardsigmoid}
    sizes = [(gate.reduce.in_channels, gate.reduce.out_channels) for gate in gates]
    assert sizes == [(72, 20), (120, 32), (480, 120), (672, 168), (672, 168), (960, 240), (960, 240)]


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_ratio_and_kernel_are_every_ghost_module_s(ratio: int, kernel: int) -> None:
    with torch.device("meta"):
        modules = [m for m in build("ghostnet", ratio=ratio, kernel=kernel).modules() if isinstance(m, GhostModule)]
    assert len(modules) == 2 * len(ROWS)
    assert {m.cheap.conv.kernel_size for m in modules} == {(kernel, kernel)}
    assert {m.cheap.conv.out_channels // m.primary.conv.out_channels for m in modules} == {ratio - 1}


def test_larger_ratios_cost_less_and_larger_kernels_more() -> None:
    """Section 3.2, in the whole network; table 3's and 4's directions."""

    def macs(**options) -> int:
        with torch.device("meta"):
            return count(build("ghostnet", **options), resolution=224).macs

    assert macs(ratio=2) > macs(ratio=3) > macs(ratio=4) > macs(ratio=5)
    assert macs(kernel=1) < macs(kernel=3) < macs(kernel=5)


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [("ratio", 1, "2 <= number"), ("ratio", 2.5, "2 <= number"), ("kernel", 2, "1, 3, 5"), ("kernel", 7, "1, 3, 5")],
)
def test_no_ratio_below_two_and_no_even_kernel(option: str, value: float, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        build("ghostnet", **{option: value})


@pytest.mark.parametrize("width", [0.1, 0.33, 0.75, 2.0])
def test_any_width(width: float) -> None:
    with torch.device("meta"):
        model = build("ghostnet", width=width)
    assert all(channels % 4 == 0 for _, channels in model.pyramid)
    assert sum(isinstance(m, GhostBottleneck) for m in model.modules()) == 16
    assert model.head[0].out_features == 1280  # the last layer keeps its width, as the authors'


def test_dropout_is_the_authors() -> None:
    assert entry("ghostnet").options["dropout"] == 0.2
    assert [type(m) for m in build("ghostnet", width=0.1).head] == [nn.Linear, nn.ReLU, nn.Dropout, nn.Linear]

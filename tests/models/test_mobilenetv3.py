"""MobileNetV3: torchvision's, timm's at other widths, and figure 5's original last stage."""

import copy

import pytest
import timm
import torch
import torchvision
from torch import nn

from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.models import build
from lissom.profiler import count
from models.parity import hand_over, largest_difference, randomise

REFERENCE = {
    "mobilenetv3_large": torchvision.models.mobilenet_v3_large,
    "mobilenetv3_small": torchvision.models.mobilenet_v3_small,
}
BOTH = pytest.mark.parametrize("name", REFERENCE)


@BOTH
@pytest.mark.parametrize(
    "theirs_too",
    [{}, {"reduced_tail": True}, {"dilated": True}, {"reduced_tail": True, "dilated": True}],
    ids=lambda options: "+".join(options) or "plain",
)
def test_equals_torchvision(name: str, theirs_too: dict) -> None:
    theirs = randomise(REFERENCE[name](**theirs_too))
    ours = hand_over(theirs, build(name, **theirs_too))
    assert largest_difference(theirs, ours, resolution=96) == 0


@BOTH
@pytest.mark.parametrize("width", [0.35, 0.75, 1.25])
def test_equals_torchvision_at_other_widths(name: str, width: float) -> None:
    theirs = randomise(REFERENCE[name](width_mult=width, reduced_tail=True))
    ours = hand_over(theirs, build(name, width=width, reduced_tail=True, scale_head=True))
    assert largest_difference(theirs, ours, resolution=64) == 0


@BOTH
def test_the_norm_s_eps_is_part_of_the_network(name: str) -> None:
    theirs = randomise(REFERENCE[name]())
    ours = hand_over(theirs, build(name))
    for module in ours.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert (module.eps, module.momentum) == (1e-3, 0.01)
            module.eps = 1e-5
    assert largest_difference(theirs, ours, resolution=64) > 1e-4


@BOTH
def test_equals_timm_where_the_head_is_kept(name: str) -> None:
    """timm follows the authors' scaling; its last layer is a 1x1 convolution."""
    theirs = randomise(timm.create_model(f"{name}_075", bn_eps=1e-3))
    theirs_as_ours = nn.Sequential(*copy.deepcopy(theirs).children())
    head = nn.Linear(theirs.conv_head.in_channels, theirs.conv_head.out_channels)
    head.load_state_dict({key: value.squeeze() for key, value in theirs.conv_head.state_dict().items()})
    theirs_as_ours[[*dict(theirs.named_children())].index("conv_head")] = head
    ours = hand_over(theirs_as_ours, build(name, width=0.75))
    assert largest_difference(theirs, ours, resolution=64) < 1e-5


@pytest.mark.parametrize(
    ("name", "theirs", "options"),
    [
        ("mobilenetv3_large", "tf_mobilenetv3_large_075", {"width": 0.75}),
        ("mobilenetv3_small", "tf_mobilenetv3_small_075", {"width": 0.75}),
        ("mobilenetv3_large", "tf_mobilenetv3_large_minimal_100", {"minimalistic": True}),
        ("mobilenetv3_small", "tf_mobilenetv3_small_minimal_100", {"minimalistic": True}),
    ],
)
def test_has_the_layers_of_the_authors_checkpoints(name: str, theirs: str, options: dict) -> None:
    """timm's copies of the authors' own; their padding is TensorFlow's, so outputs are not comparable."""
    with torch.device("meta"):
        expected, ours = timm.create_model(theirs), build(name, **options)
    assert sorted(p.numel() for p in ours.parameters()) == sorted(p.numel() for p in expected.parameters())


@pytest.mark.parametrize(("name", "millions"), [("mobilenetv3_large", 356), ("mobilenetv3_small", 91)])
def test_width_above_one_widens_the_head_too(name: str, millions: int) -> None:
    """The authors' own figures at width 1.25."""
    with torch.device("meta"):
        assert round(count(build(name, width=1.25), resolution=224).macs / 1e6) == millions


@BOTH
def test_minimalistic_has_no_gates_no_h_swish_and_no_5x5(name: str) -> None:
    with torch.device("meta"):
        modules = list(build(name, minimalistic=True).modules())
    assert not any(isinstance(m, nn.Hardswish | nn.Hardsigmoid) for m in modules)
    assert {m.kernel_size for m in modules if isinstance(m, nn.Conv2d)} == {(1, 1), (3, 3)}


def test_original_last_stage_costs_30_million_macs_more() -> None:
    """Figure 5. After 160 channels at 7x7 and the expansion to 960, which both have:

    original: 3x3 depthwise, 1x1 to 320, 1x1 to 1280, mean, classifier; efficient: mean, 1x1 to 1280, classifier.
    """
    with torch.device("meta"):
        original = count(build("mobilenetv3_large", last_stage="original"), resolution=224)
        efficient = count(build("mobilenetv3_large"), resolution=224)
    dropped = 49 * (9 * 960 + 960 * 320 + 320 * 1280) - 960 * 1280
    assert original.macs - efficient.macs == dropped == 34_317_760  # "reduces the number of operations by 30 millions"


def test_original_last_stage_ends_as_mobilenetv2() -> None:
    with torch.device("meta"):
        model = build("mobilenetv3_large", last_stage="original")
    assert model.pyramid[-1] == (32, 320)
    assert model.expansion.conv.out_channels == 1280
    assert [type(m) for m in model.head] == [nn.Dropout, nn.Linear]


@pytest.mark.parametrize(
    ("name", "options", "pyramid"),
    [
        ("mobilenetv3_large", {}, [(2, 16), (4, 24), (8, 40), (16, 112), (32, 160)]),
        ("mobilenetv3_small", {}, [(2, 16), (4, 16), (8, 24), (16, 48), (32, 96)]),
        ("mobilenetv3_large", {"dilated": True}, [(2, 16), (4, 24), (8, 40), (16, 160)]),
        ("mobilenetv3_small", {"dilated": True}, [(2, 16), (4, 16), (8, 24), (16, 96)]),
    ],
)
def test_pyramid(name: str, options: dict, pyramid: list) -> None:
    with torch.device("meta"):
        assert list(build(name, **options).pyramid) == pyramid


def test_gates_are_rounded_quarters() -> None:
    """The nearest multiple of eight to expanded / 4, never below 90 %: 72 gives 24 and 120 gives 32, not 18 and 30."""
    with torch.device("meta"):
        blocks = build("mobilenetv3_large").blocks
    gates = [m for block in blocks for m in block.modules() if isinstance(m, SqueezeExcitation)]
    squeezed = {gate.reduce.in_channels: gate.reduce.out_channels for gate in gates}
    assert squeezed == {72: 24, 120: 32, 480: 120, 672: 168, 960: 240}


def test_the_gate_reads_what_was_activated() -> None:
    """Ports differ: some weigh before the activation, which is another function with the same parameters."""
    block = build("mobilenetv3_small").eval().blocks[0]
    x = torch.randn(1, 16, 8, 8)
    filtered = block.depthwise.norm(block.depthwise.conv(block.expand(x)))
    ours = block.project(block.gate(block.depthwise.act(filtered)))
    assert torch.equal(block(x), ours)
    assert not torch.allclose(ours, block.project(block.depthwise.act(block.gate(filtered))), atol=1e-3)

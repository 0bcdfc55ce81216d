"""ResNet, ResNeXt, SE and CBAM: torchvision's, timm's, and a second one written plainly."""

from functools import partial

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from lissom.models import build
from lissom.profiler import count
from models.parity import hand_over, largest_difference, randomise, relative_difference
from models.plain import Numbers, attend, ceil_pool, classify, conv_norm, padded_pool

slow = partial(pytest.param, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "name",
    ["resnet18", "resnet50", "resnext50_32x4d", slow("resnet34"), slow("resnet101"), slow("resnet152")],
)
def test_equals_torchvision(name: str) -> None:
    theirs = randomise(torchvision.models.get_model(name))
    ours = hand_over(theirs, build(name))
    assert largest_difference(theirs, ours, resolution=75) == 0


AUTHORS = {"stem": "authors"}
LEGACY_BASIC = {"stem": "authors", "branch_act": True}
AUTHORS_1X1 = {"stem": "authors", "stride_in": "1x1"}


@pytest.mark.parametrize(
    ("theirs", "name", "options"),
    [
        ("legacy_seresnet18", "se_resnet18", LEGACY_BASIC),
        ("legacy_seresnet50", "se_resnet50", AUTHORS_1X1),
        ("legacy_seresnext50_32x4d", "se_resnext50_32x4d", AUTHORS),
        ("seresnet50", "se_resnet50", {}),
        slow("legacy_seresnet34", "se_resnet34", LEGACY_BASIC),
        slow("legacy_seresnet101", "se_resnet101", AUTHORS_1X1),
        slow("legacy_seresnet152", "se_resnet152", AUTHORS_1X1),
        slow("legacy_seresnext101_32x4d", "se_resnext101_32x4d", AUTHORS),
        slow("seresnet101", "se_resnet101", {}),
        slow("seresnet152", "se_resnet152", {}),
        slow("seresnext50_32x4d", "se_resnext50_32x4d", {}),
        slow("seresnext101_32x4d", "se_resnext101_32x4d", {}),
        slow("resnext101_32x4d", "resnext101_32x4d", {}),
    ],
)
def test_equals_timm(theirs: str, name: str, options: dict) -> None:
    """timm's seresnet18 and 34 are other networks: they squeeze no further than to eight channels."""
    reference = randomise(timm.create_model(theirs))
    ours = hand_over(reference, build(name, **options))
    assert relative_difference(reference, ours, resolution=75) < 1e-5


def plain(x: Tensor, model: nn.Module, repeats: tuple, *, attention: str, deep: bool = False, **form) -> Tensor:
    """Table 1 read line by line; form: cifar, pool, first (the stride in the bottleneck's first 1x1)."""
    numbers = Numbers(model)
    if form.get("cifar"):
        x = conv_norm(x, numbers)
    else:
        x = form.get("pool", padded_pool)(conv_norm(x, numbers, stride=2))
    for stage, number in enumerate(repeats):
        for index in range(number):
            stride = 2 if stage and not index else 1
            branch = plain_bottleneck if deep else plain_basic
            y = attend(attention, branch(x, numbers, stride, form.get("first", False)), numbers)
            changes = y.shape != x.shape
            x = ((conv_norm(x, numbers, stride=stride, relu=False) if changes else x) + y).clamp(min=0)
    return classify(x, numbers)


def plain_basic(x: Tensor, numbers: Numbers, stride: int, _: bool) -> Tensor:
    return conv_norm(conv_norm(x, numbers, stride=stride), numbers, relu=False)


def plain_bottleneck(x: Tensor, numbers: Numbers, stride: int, first: bool) -> Tensor:
    x = conv_norm(x, numbers, stride=stride if first else 1)
    x = conv_norm(x, numbers, stride=1 if first else stride)
    return conv_norm(x, numbers, relu=False)


FOUR = (2, 2, 2, 2)
CASES = [
    ("cbam_resnet18", {}, FOUR, {"attention": "cbam"}),
    ("cbam_resnet18", {"stem": "authors"}, FOUR, {"attention": "cbam", "pool": ceil_pool}),
    ("cbam_resnet50", {}, (3, 4, 6, 3), {"attention": "cbam", "deep": True}),
    ("cbam_resnet50", {"stride_in": "1x1"}, (3, 4, 6, 3), {"attention": "cbam", "deep": True, "first": True}),
    ("cbam_resnet101", {}, (3, 4, 23, 3), {"attention": "cbam", "deep": True}),
    ("resnet34", {"attention": "cbam"}, (3, 4, 6, 3), {"attention": "cbam"}),
    ("se_resnet34", {"reduction": 4}, (3, 4, 6, 3), {"attention": "se"}),
    ("resnet18_cifar", {}, FOUR, {"attention": "none", "cifar": True}),
    ("se_resnet18_cifar", {}, FOUR, {"attention": "se", "cifar": True}),
    ("cbam_resnet18_cifar", {}, FOUR, {"attention": "cbam", "cifar": True}),
    ("se_resnet20_cifar", {}, (3, 3, 3), {"attention": "se", "cifar": True}),
    ("se_resnet56_cifar", {}, (9, 9, 9), {"attention": "se", "cifar": True}),
]


@pytest.mark.parametrize(
    ("name", "options", "repeats", "form"), CASES, ids=lambda part: "" if callable(part) else str(part).split("<")[0]
)
def test_equals_a_plain_one(name: str, options: dict, repeats: tuple, form: dict) -> None:
    ours = randomise(build(name, num_classes=10, width=0.5, **options)).double()
    x = torch.randn(2, 3, 50, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = plain(x, ours, repeats, **form)
        assert expected.std() > 1e-3
        torch.testing.assert_close(ours(x), expected, rtol=1e-9, atol=1e-9)


# ---- where reimplementations go wrong


@pytest.mark.parametrize("name", ["resnet50", "se_resnet50", "cbam_resnet101", "resnext50_32x4d"])
def test_stride_in_the_1x1_costs_less_and_is_another_network(name: str) -> None:
    """With the stride in the 3x3 of a stage's first block, the 1x1 before it runs on four times the pixels."""
    with torch.device("meta"):
        late, early = build(name), build(name, stride_in="1x1")
    widens = 2 if "x4d" in name else 1  # 32 groups of 4 instead of 64
    firsts = ((256, 128, 28), (512, 256, 14), (1024, 512, 7))  # input, stage's channels, output's side
    saved = sum(3 * side**2 * before * channels * widens for before, channels, side in firsts)
    counted = [count(model, resolution=224) for model in (late, early)]
    assert counted[0].parameters == counted[1].parameters
    assert counted[0].macs - counted[1].macs == saved
    strides = [[c.stride[0] for c in conv_layers(model.blocks[4].body)] for model in (late, early)]
    assert strides == [[1, 2, 1], [2, 1, 1]]  # 1x1, 3x3, 1x1 of the first block of conv3_x


def conv_layers(block: nn.Module) -> list[nn.Conv2d]:
    return [module for module in block.modules() if isinstance(module, nn.Conv2d)]


def test_the_two_strides_and_stems_answer_differently_with_the_same_weights() -> None:
    plain_one = randomise(build("se_resnet50", width=0.25))
    for options in ({"stride_in": "1x1"}, {"stem": "authors"}):
        other = hand_over(plain_one, build("se_resnet50", width=0.25, **options))
        assert relative_difference(plain_one, other, resolution=64) > 1e-3


def test_authors_stem_pools_without_padding_and_rounds_up() -> None:
    with torch.device("meta"):
        pools = [build("se_resnet50", stem=stem).blocks[0] for stem in ("authors", "torchvision")]
    assert [(p.kernel_size, p.stride, p.padding, p.ceil_mode) for p in pools] == [(3, 2, 0, True), (3, 2, 1, False)]
    x = torch.arange(25.0).view(1, 1, 5, 5)
    assert pools[0](x).flatten().tolist() == [12, 14, 22, 24]
    assert pools[1](x).flatten().tolist() == [6, 8, 9, 16, 18, 19, 21, 23, 24]


@pytest.mark.parametrize("name", ["resnet18_cifar", "se_resnet20_cifar", "cbam_resnet18_cifar"])
def test_cifar_forms_see_every_pixel_and_pad_no_1x1(name: str) -> None:
    """Stride 1 in stem and first stage, a 3x3 stem, no pooling; a padded 1x1 convolution would grow the map."""
    with torch.device("meta"):
        model = build(name)
    assert model.pyramid[0].stride == 1
    assert conv_layers(model)[0].kernel_size == (3, 3)
    assert not any(isinstance(m, nn.MaxPool2d | nn.AvgPool2d) for m in model.modules())
    assert all(c.padding == (c.kernel_size[0] // 2,) * 2 for c in conv_layers(model))


@pytest.mark.parametrize("attention", ["se", "cbam"])
def test_attention_has_biases_in_both_layers(attention: str) -> None:
    """Block of 64 channels, r = 16: 2 * 64 * 4 weights, 4 + 64 biases; CBAM: a 7x7 filter of two maps and its norm."""
    with torch.device("meta"):
        with_it, without = build("resnet18_cifar", attention=attention), build("resnet18_cifar")
    extra = sum(p.numel() for p in with_it.parameters()) - sum(p.numel() for p in without.parameters())
    spatial = 2 * 7 * 7 + 2 if attention == "cbam" else 0
    assert extra == sum(2 * (2 * c * (c // 16) + c // 16 + c + spatial) for c in (64, 128, 256, 512))


def test_attention_stands_before_the_addition() -> None:
    """A gate that shuts leaves the shortcut alone: figure 3 of both papers."""
    block = build("se_resnet18_cifar").eval().blocks[0]
    nn.init.constant_(block.attention.expand.bias, -1e4)
    x = torch.randn(1, 64, 8, 8).relu()
    assert torch.equal(block(x), x)


@pytest.mark.parametrize(
    ("name", "pyramid"),
    [
        ("resnet34", [(2, 64), (4, 64), (8, 128), (16, 256), (32, 512)]),
        ("se_resnext50_32x4d", [(2, 64), (4, 256), (8, 512), (16, 1024), (32, 2048)]),
        ("cbam_resnet18_cifar", [(1, 64), (2, 128), (4, 256), (8, 512)]),
        ("se_resnet56_cifar", [(1, 16), (2, 32), (4, 64)]),
    ],
)
def test_pyramid(name: str, pyramid: list) -> None:
    with torch.device("meta"):
        assert list(build(name).pyramid) == pyramid


def test_width_scales_every_channel_and_keeps_32_groups() -> None:
    with torch.device("meta"):
        model = build("resnext50_32x4d", width=0.5)
    assert [c for _, c in model.pyramid] == [32, 128, 256, 512, 1024]
    grouped = [c for c in conv_layers(model) if c.groups > 1]
    assert {c.groups for c in grouped} == {32}
    assert sorted({c.in_channels for c in grouped}) == [64, 128, 256, 512]

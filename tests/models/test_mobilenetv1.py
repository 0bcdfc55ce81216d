"""MobileNetV1: timm's, and a second one written plainly from table 1, with attention too."""

import pytest
import timm
import torch
from torch import nn

from lissom.models import build
from models.parity import hand_over, largest_difference, randomise
from models.plain import Numbers, cbam, classify, conv_norm, squeeze_excite

# channels and stride after the stem, from table 1
HALF = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
TABLE_1 = [*HALF, *[(512, 1)] * 5, (1024, 2), (1024, 1)]


def plain(rows, *, width=1.0, classes=1000, stem_stride=2, depthwise=True, act=nn.ReLU) -> nn.Sequential:
    """Table 1 as one list of layers; widths here leave whole multiples of eight."""

    def conv(inputs, outputs, kernel, stride, groups=1):
        weight = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        return [weight, nn.BatchNorm2d(outputs), act()]

    channels = int(32 * width)
    layers = conv(3, channels, 3, stem_stride)
    for printed, stride in rows:
        out = int(printed * width)
        if depthwise:
            layers += conv(channels, channels, 3, stride, channels) + conv(channels, out, 1, 1)
        else:
            layers += conv(channels, out, 3, stride)
        channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@pytest.mark.parametrize(
    ("options", "reference"),
    [
        ({}, {"rows": TABLE_1}),
        ({"width": 0.5}, {"rows": TABLE_1, "width": 0.5}),
        ({"width": 0.25, "act": "relu6"}, {"rows": TABLE_1, "width": 0.25, "act": nn.ReLU6}),
        ({"width": 0.25, "shallow": True}, {"rows": [*HALF, (1024, 2), (1024, 1)], "width": 0.25}),
        ({"width": 0.25, "depthwise": False}, {"rows": TABLE_1, "width": 0.25, "depthwise": False}),
    ],
)
def test_equals_a_plain_one(options: dict, reference: dict) -> None:
    theirs = randomise(plain(**reference))
    ours = hand_over(theirs, build("mobilenetv1", **options))
    assert largest_difference(theirs, ours, resolution=96) == 0


@pytest.mark.parametrize("name", ["se_mobilenetv1", "cbam_mobilenetv1"])
@pytest.mark.parametrize("depthwise", [True, False])
def test_attention_equals_a_plain_one(name: str, depthwise: bool) -> None:
    """SE after each pointwise convolution; CBAM after each depthwise and each pointwise one."""
    ours = randomise(build(name, num_classes=5, width=0.5, depthwise=depthwise)).double()
    image = torch.randn(2, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        numbers = Numbers(ours)
        x = conv_norm(image, numbers, stride=2)
        for _, stride in TABLE_1:
            if depthwise:
                x = conv_norm(x, numbers, stride=stride, groups=x.shape[1])
                x = cbam(x, numbers) if name.startswith("cbam") else x
            x = conv_norm(x, numbers, stride=1 if depthwise else stride)
            x = cbam(x, numbers) if name.startswith("cbam") else squeeze_excite(x, numbers)
        expected = classify(x, numbers)
        assert expected.std() > 1e-3
        torch.testing.assert_close(ours(image), expected, rtol=1e-9, atol=1e-9)


def test_attention_is_an_option_and_a_name() -> None:
    for kind in ("se", "cbam"):
        named = randomise(build(f"{kind}_mobilenetv1", width=0.25))
        ours = hand_over(named, build("mobilenetv1", width=0.25, attention=kind))
        assert largest_difference(named, ours, resolution=64) == 0


@pytest.mark.parametrize(("name", "width"), [("mobilenetv1_100", 1.0), ("mobilenetv1_125", 1.25)])
def test_equals_timm(name: str, width: float) -> None:
    theirs = randomise(timm.create_model(name))
    ours = hand_over(theirs, build("mobilenetv1", width=width, act="relu6"))
    assert largest_difference(theirs, ours, resolution=64) == 0


def test_activation_changes_the_answer() -> None:
    relu = randomise(build("mobilenetv1", width=0.25))
    relu6 = hand_over(relu, build("mobilenetv1", width=0.25, act="relu6"))
    assert largest_difference(relu, relu6, resolution=64) > 0


@pytest.mark.parametrize(("deep", "repeats"), [(False, 1), (True, 5)])
def test_cifar_form_equals_a_plain_one(deep: bool, repeats: int) -> None:
    rows = [*HALF, *[(512, 1)] * repeats, (1024, 2), (1024, 1)]
    theirs = randomise(plain(rows, classes=10, stem_stride=1))
    ours = hand_over(theirs, build("mobilenetv1_cifar", num_classes=10, deep=deep))
    assert largest_difference(theirs, ours, resolution=32) == 0


def test_dropout_is_off_unless_asked_for() -> None:
    torch.manual_seed(0)
    image = torch.randn(4, 3, 32, 32)
    for dropout, same in ((0.0, True), (0.5, False)):
        model = build("mobilenetv1", width=0.25, dropout=dropout)
        features = model.forward_features(image).mean((2, 3))
        assert torch.equal(model.head(features), model.head(features)) is same


@pytest.mark.parametrize(
    ("name", "pyramid"),
    [
        ("mobilenetv1", [(2, 64), (4, 128), (8, 256), (16, 512), (32, 1024)]),
        ("mobilenetv1_cifar", [(1, 64), (2, 128), (4, 256), (8, 512), (16, 1024)]),
    ],
)
def test_pyramid(name: str, pyramid: list) -> None:
    with torch.device("meta"):
        assert list(build(name).pyramid) == pyramid

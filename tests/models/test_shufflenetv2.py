"""ShuffleNetV2: torchvision's, and the authors' form written a second time from their description."""

import pytest
import torch
import torchvision
from torch import nn

from lissom.models import build
from lissom.models.shufflenetv2 import last_channels, stage_2, stem
from models.parity import hand_over, largest_difference, randomise

TABLE_5 = {0.5: (48, 1024), 1.0: (116, 1024), 1.5: (176, 1024), 2.0: (244, 2048)}
TORCHVISION = {0.5: "x0_5", 1.0: "x1_0", 1.5: "x1_5", 2.0: "x2_0"}


def conv(
    inputs: int, outputs: int, kernel: int, stride: int = 1, *, groups: int = 1, act: bool = True
) -> list[nn.Module]:
    weight = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [weight, nn.BatchNorm2d(outputs), *([nn.ReLU()] if act else [])]


class AuthorsUnit(nn.Module):
    """Stride 1: even channels pass, odd ones are worked on. Stride 2: all input channels stay, the rest is added."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        half, kept = outputs // 2, inputs if stride == 2 else outputs // 2
        if stride == 2:
            self.short = nn.Sequential(*conv(inputs, inputs, 3, 2, groups=inputs, act=False), *conv(inputs, inputs, 1))
        self.long = nn.Sequential(
            *conv(inputs if stride == 2 else half, half, 1),
            *conv(half, half, 3, stride, groups=half, act=False),
            *conv(half, outputs - kept, 1),
        )

    def forward(self, x):
        if hasattr(self, "short"):
            return torch.cat((self.short(x), self.long(x)), 1)
        return torch.cat((x[:, ::2], self.long(x[:, 1::2])), 1)


def authors(width: float, *, classes: int = 1000, cifar: bool = False) -> nn.Sequential:
    channels, last = TABLE_5[width]
    layers = conv(3, 24, 3, 1) if cifar else [*conv(3, 24, 3, 2), nn.MaxPool2d(3, 2, 1)]
    inputs = 24
    for repeats, outputs in ((4, channels), (8, 2 * channels), (4, 4 * channels)):
        layers.append(AuthorsUnit(inputs, outputs, 2))
        layers += [AuthorsUnit(outputs, outputs, 1) for _ in range(repeats - 1)]
        inputs = outputs
    layers += conv(inputs, last, 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, classes, bias=False))


@pytest.mark.parametrize("width", TABLE_5)
def test_equals_torchvision(width: float) -> None:
    theirs = randomise(getattr(torchvision.models, f"shufflenet_v2_{TORCHVISION[width]}")())
    ours = hand_over(theirs, build("shufflenetv2", width=width, form="torchvision"))
    assert largest_difference(theirs, ours, resolution=64) == 0


@pytest.mark.parametrize("width", TABLE_5)
def test_paper_s_form_equals_a_plain_one(width: float) -> None:
    theirs = randomise(authors(width))
    ours = hand_over(theirs, build("shufflenetv2", width=width))
    assert largest_difference(theirs, ours, resolution=64) == 0


def test_cifar_form_equals_a_plain_one() -> None:
    theirs = randomise(authors(1.0, classes=10, cifar=True))
    ours = hand_over(theirs, build("shufflenetv2_cifar", num_classes=10))
    assert largest_difference(theirs, ours, resolution=32) == 0


def test_the_forms_do_not_exchange_weights() -> None:
    """Fault 6: 24 channels of 116 in the stride-2 unit's short branch, or 58 of them."""
    with torch.device("meta"):
        paper, other = build("shufflenetv2"), build("shufflenetv2", form="torchvision")
    first = "blocks.1.project.1.conv.weight"
    assert paper.state_dict()[first].shape == (24, 24, 1, 1)
    assert other.state_dict()[first].shape == (58, 24, 1, 1)
    assert "head.1.bias" in other.state_dict()
    assert "head.1.bias" not in paper.state_dict()
    with pytest.raises(AssertionError):
        hand_over(other, paper)


def test_at_width_half_shapes_agree_and_answers_do_not() -> None:
    """Fault 6: 24 is half of 48, so all weights but the bias fit, and the place of the shuffle still parts the two."""
    other = randomise(build("shufflenetv2", width=0.5, form="torchvision"))
    nn.init.zeros_(other.head[1].bias)
    paper = build("shufflenetv2", width=0.5)
    left = paper.load_state_dict(other.state_dict(), strict=False)
    assert (left.missing_keys, left.unexpected_keys) == ([], ["head.1.bias"])
    assert largest_difference(other, paper.eval(), resolution=64) > 0.01


@pytest.mark.parametrize("width", TABLE_5)
def test_channels_at_the_paper_s_widths(width: float) -> None:
    """Fault 6: width 2 has 244 channels in stage 2, not 224."""
    assert (stem(width), stage_2(width), last_channels(width)) == (24, *TABLE_5[width])


@pytest.mark.parametrize(
    ("width", "stem_channels", "channels", "last"),
    [
        (0.75, 24, 84, 1024),  # halfway from 48 to 116: 82, to a multiple of four
        (1.75, 24, 212, 2048),  # halfway from 176 to 244: 210
        (3.0, 24, 368, 2048),  # 244 x 3 / 2 = 366
        (0.25, 12, 24, 512),  # half of width .5
        (0.01, 2, 4, 20),
    ],
)
def test_channels_at_other_widths(width: float, stem_channels: int, channels: int, last: int) -> None:
    assert (stem(width), stage_2(width), last_channels(width)) == (stem_channels, channels, last)
    with torch.device("meta"):
        for form in ("paper", "torchvision"):
            assert build("shufflenetv2", width=width, form=form).pyramid[-1] == (32, 4 * channels)


def test_channels_never_shrink_as_the_width_grows() -> None:
    widths = [step / 40 for step in range(1, 160)]
    for rule in (stem, stage_2, last_channels):
        made = [rule(width) for width in widths]
        assert made == sorted(made)


def test_pyramid() -> None:
    with torch.device("meta"):
        assert list(build("shufflenetv2").pyramid) == [(2, 24), (4, 24), (8, 116), (16, 232), (32, 464)]
        assert list(build("shufflenetv2_cifar").pyramid) == [(1, 24), (2, 116), (4, 232), (8, 464)]

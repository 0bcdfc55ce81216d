"""ShuffleNetV1: a second one written plainly from table 1, since no library has it."""

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d

from lissom.blocks.shuffle_unit import ShuffleUnit
from lissom.errors import UsageError
from lissom.models import build
from lissom.models.registry import entry
from lissom.profiler import count
from models.parity import hand_over, largest_difference, randomise

TABLE_1 = {1: (144, 288, 576), 2: (200, 400, 800), 3: (240, 480, 960), 4: (272, 544, 1088), 8: (384, 768, 1536)}


class PlainUnit(nn.Module):
    """Figure 2 b and c by hand; `quarter` is the number whose quarter the bottleneck is."""

    def __init__(self, inputs: int, outputs: int, stride: int, groups: int, *, quarter: int, first: bool) -> None:
        super().__init__()
        self.stride, self.groups, middle = stride, groups, quarter // 4
        added = outputs - inputs if stride == 2 else outputs
        self.one = nn.Conv2d(inputs, middle, 1, groups=1 if first else groups, bias=False)
        self.one_norm = nn.BatchNorm2d(middle)
        self.two = nn.Conv2d(middle, middle, 3, stride, 1, groups=middle, bias=False)
        self.two_norm = nn.BatchNorm2d(middle)
        self.three = nn.Conv2d(middle, added, 1, groups=groups, bias=False)
        self.three_norm = nn.BatchNorm2d(added)

    def forward(self, x):
        y = self.one_norm(self.one(x)).relu()
        b, c, h, w = y.shape
        y = y.reshape(b, self.groups, c // self.groups, h, w).permute(0, 2, 1, 3, 4).reshape(b, c, h, w)
        y = self.three_norm(self.three(self.two_norm(self.two(y))))
        if self.stride == 1:
            return (x + y).relu()
        return torch.cat([avg_pool2d(x, 3, stride=2, padding=1), y], 1).relu()  # x is not negative already


def plain(
    stem: int, stages: tuple[int, ...], groups: int, *, repeats=(4, 8, 4), classes=1000, cifar=False, residual=False
) -> nn.Sequential:
    first = nn.Conv2d(3, stem, 1, bias=False) if cifar else nn.Conv2d(3, stem, 3, 2, 1, bias=False)
    layers = [first, nn.BatchNorm2d(stem), nn.ReLU(), nn.Identity() if cifar else nn.MaxPool2d(3, 2, 1)]
    inputs = stem
    for stage, (outputs, number) in enumerate(zip(stages, repeats, strict=True)):
        for index in range(number):
            stride = 2 if index == 0 else 1
            quarter = outputs - inputs if residual and stride == 2 else outputs
            is_first = stage == 0 and index == 0
            layers.append(PlainUnit(inputs, outputs, stride, groups, quarter=quarter, first=is_first))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


@pytest.mark.parametrize("groups", TABLE_1)
def test_equals_a_plain_one(groups: int) -> None:
    theirs = randomise(plain(24, TABLE_1[groups], groups))
    ours = hand_over(theirs, build("shufflenetv1", groups=groups))
    assert largest_difference(theirs, ours, resolution=64) == 0


@pytest.mark.parametrize(
    ("options", "stem", "stages", "repeats"),
    [
        ({"width": 0.5},                  12, (120, 240, 480),  (4, 8, 4)),  # the authors' four sizes
        ({"width": 1.5},                  24, (360, 720, 1440), (4, 8, 4)),
        ({"width": 2.0},                  48, (480, 960, 1920), (4, 8, 4)),
        ({"width": 0.5, "groups": 8},     16, (192, 384, 768),  (4, 8, 4)),
        ({"width": 0.25},                 6,  (60, 120, 240),   (4, 8, 4)),
        ({"width": 0.25, "groups": 8},    8,  (96, 192, 384),   (4, 8, 4)),
        ({"width": 0.5, "shallow": True}, 12, (120, 240, 480),  (2, 4, 2)),
    ],
    ids=str,
)  # fmt: skip
def test_widths_and_the_shallow_form_equal_plain_ones(options: dict, stem: int, stages: tuple, repeats: tuple) -> None:
    theirs = randomise(plain(stem, stages, options.get("groups", 3), repeats=repeats))
    ours = hand_over(theirs, build("shufflenetv1", **options))
    assert largest_difference(theirs, ours, resolution=64) == 0


@pytest.mark.parametrize("groups", [2, 3])
@pytest.mark.parametrize("bottleneck", ["output", "residual"])
def test_cifar_form_equals_a_plain_one(groups: int, bottleneck: str) -> None:
    theirs = plain(24, TABLE_1[groups], groups, classes=10, cifar=True, residual=bottleneck == "residual")
    ours = hand_over(
        randomise(theirs), build("shufflenetv1_cifar", num_classes=10, groups=groups, bottleneck=bottleneck)
    )
    assert largest_difference(theirs, ours, resolution=32) == 0


def units(**options) -> list[ShuffleUnit]:
    with torch.device("meta"):
        return [m for m in build("shufflenetv1", **options).modules() if isinstance(m, ShuffleUnit)]


def test_only_the_very_first_pointwise_is_not_grouped() -> None:
    """Fault 5."""
    grouped = [(unit.reduce.conv.groups, unit.expand.conv.groups) for unit in units(groups=4)]
    assert grouped == [(1, 4), *[(4, 4)] * 15]


@pytest.mark.parametrize("groups", TABLE_1)
def test_bottleneck_is_a_quarter_of_the_output_the_concatenated_part_included(groups: int) -> None:
    """Fault 5: 240 / 4 = 60 in the first unit with three groups, not (240 - 24) / 4 = 54."""
    middles = [unit.depthwise.conv.out_channels for unit in units(groups=groups)]
    a, b, c = (channels // 4 for channels in TABLE_1[groups])
    assert middles == [a] * 4 + [b] * 8 + [c] * 4


def test_table_1_complexities_leave_out_the_classifier() -> None:
    printed = {1: 143, 2: 140, 3: 137, 4: 133, 8: 137}
    for groups, millions in printed.items():
        with torch.device("meta"):
            macs = count(build("shufflenetv1", groups=groups), resolution=224).macs
        assert round((macs - TABLE_1[groups][2] * 1000) / 1e6) == millions


def test_printed_complexity_of_the_shallow_row_belongs_to_another_width() -> None:
    """Table 5 prints 40 M for half the units at width .5."""
    with torch.device("meta"):
        half, wider = (count(build("shufflenetv1", shallow=True, width=w), resolution=224).macs for w in (0.5, 0.7))
    assert (round(half / 1e6, 1), round(wider / 1e6)) == (21.6, 40)


def test_a_stem_of_twelve_would_give_the_printed_complexity_at_width_a_quarter() -> None:
    """Table 2 prints 13 M; the scaled stem of 6 makes 11.0 M."""
    assert round(count(plain(12, (60, 120, 240), 3), resolution=224).macs / 1e6) == 13


def test_squeeze_and_excitation_adds_its_formula() -> None:
    """Two layers of c c/16 on each residual branch; at stride 2 that has out - in channels."""
    branches = [240 - 24, 240, 240, 240, 480 - 240, *[480] * 7, 960 - 480, 960, 960, 960]
    with torch.device("meta"):
        plainly, gated = (count(build(name), resolution=224) for name in ("shufflenetv1", "se_shufflenetv1"))
    weights, biases = sum(2 * c * (c // 16) for c in branches), sum(c + c // 16 for c in branches)
    assert gated.macs - plainly.macs == weights == 610_416
    assert gated.parameters - plainly.parameters == weights + biases == 618_805
    assert gated.macs + biases == 138_079_477  # a figure in circulation, which counts the biases of these layers alone


@pytest.mark.parametrize("name", ["shufflenetv1", "shufflenetv1_cifar"])
@pytest.mark.parametrize("kind", ["se", "cbam"])
def test_attention_stands_on_every_residual_branch(name: str, kind: str) -> None:
    model = build(name, attention=kind, **entry(name).small).eval()
    found = [m for m in model.modules() if isinstance(m, ShuffleUnit)]
    assert [type(unit.gate).__name__ for unit in found] == [{"se": "SqueezeExcitation", "cbam": "CBAM"}[kind]] * 16


def test_shuffle_changes_the_answer_and_nothing_else() -> None:
    shuffled = randomise(build("shufflenetv1", width=0.25))
    separate = hand_over(shuffled, build("shufflenetv1", width=0.25, shuffle=False))
    assert largest_difference(shuffled, separate, resolution=64) > 0.01


@pytest.mark.parametrize("groups", TABLE_1)
@pytest.mark.parametrize("width", [1 / 3, 0.25, 0.48, 0.5, 0.7, 1.0, 1.5, 2.0])
def test_width_is_possible_where_a_quarter_of_stage_2_divides_by_the_groups(groups: int, width: float) -> None:
    stage_2 = round(TABLE_1[groups][0] * width)
    with torch.device("meta"):
        if stage_2 % (4 * groups):
            with pytest.raises(UsageError) as caught:
                build("shufflenetv1", groups=groups, width=width)
            assert caught.value.kind == "shuffle-groups"
        else:
            assert build("shufflenetv1", groups=groups, width=width).pyramid[2] == (8, stage_2)


def test_error_names_the_nearest_possible_widths_which_can_be_built() -> None:
    with pytest.raises(UsageError) as caught:
        build("shufflenetv1", groups=2, width=0.5)
    text = str(caught.value)
    assert "100 channels" in text
    assert "1: 0.5, 2: 0.48, 3: 0.5, 4: 0.4706, 8: 0.5" in text
    with torch.device("meta"):
        for groups, width in ((1, 0.5), (2, 0.48), (3, 0.5), (4, 0.4706), (8, 0.5)):
            assert build("shufflenetv1", groups=groups, width=width).pyramid[-1].stride == 32


def test_bottleneck_of_the_residual_branch_needs_its_own_widths() -> None:
    with torch.device("meta"):
        assert build("shufflenetv1_cifar", groups=3, width=0.25).pyramid[0] == (1, 6)
        with pytest.raises(UsageError, match="shufflenetv1_cifar"):  # (60 - 6) / 4 is no whole number
            build("shufflenetv1_cifar", groups=3, width=0.25, bottleneck="residual")


@pytest.mark.parametrize("groups", [0, 5, 6, "many"])
def test_groups_are_the_paper_s(groups: object) -> None:
    with pytest.raises(UsageError, match="1, 2, 3, 4, 8"):
        build("shufflenetv1", groups=groups)


def test_pyramid() -> None:
    with torch.device("meta"):
        assert list(build("shufflenetv1").pyramid) == [(2, 24), (4, 24), (8, 240), (16, 480), (32, 960)]
        assert list(build("shufflenetv1_cifar").pyramid) == [(1, 24), (2, 200), (4, 400), (8, 800)]

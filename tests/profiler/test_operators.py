"""What each operator costs, its closed formula beside the call."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lissom.blocks.conv import ConvNormAct
from lissom.blocks.depthwise_separable import DepthwiseSeparable
from lissom.profiler import Profile, count


class Calls(nn.Module):
    """A network that is one function of its input."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


def of(function: Callable[[torch.Tensor], torch.Tensor], *shape: int) -> Profile:
    return count(Calls(function), input_shape=shape)


def meta(*shape: int) -> torch.Tensor:
    return torch.empty(shape, device="meta")


@pytest.mark.parametrize(
    ("layer", "shape", "kind", "macs"),
    [
        (nn.Conv2d(4, 6, (3, 5), stride=2, padding=1), (4, 10, 12), "conv 3x5", 5 * 5 * 6 * 4 * 3 * 5),
        (nn.Conv2d(8, 12, 3, groups=4), (8, 9, 9), "grouped conv 3x3", 7 * 7 * 12 * (8 // 4) * 9),
        (nn.Conv2d(8, 8, 3, padding=1, groups=8), (8, 9, 9), "depthwise 3x3", 9 * 9 * 8 * 9),
        (nn.Conv2d(8, 16, 1), (8, 9, 9), "pointwise", 9 * 9 * 8 * 16),
        (nn.Conv2d(3, 5, 3, dilation=2), (3, 9, 9), "conv 3x3", 5 * 5 * 3 * 5 * 9),
        (nn.Conv1d(4, 6, 3), (4, 20), "conv 3", 18 * 4 * 6 * 3),
        (nn.Conv3d(1, 8, (7, 3, 3)), (1, 30, 25, 25), "conv 7x3x3", 24 * 23 * 23 * 8 * 63),
        (nn.ConvTranspose2d(6, 4, 3, stride=2), (6, 5, 5), "transposed conv 3x3", 5 * 5 * 6 * 4 * 9),
        (nn.ConvTranspose2d(6, 4, 2, groups=2), (6, 5, 5), "transposed conv 2x2", 5 * 5 * 6 * (4 // 2) * 4),
        (nn.Linear(12, 5), (12,), "linear", 12 * 5),
        (nn.Linear(12, 5, bias=False), (12,), "linear", 12 * 5),
        (nn.Linear(12, 5), (7, 12), "linear", 7 * 12 * 5),
    ],
    ids=str,
)
def test_layers(layer: nn.Module, shape: tuple[int, ...], kind: str, macs: int) -> None:
    counted = count(layer, input_shape=shape)
    assert counted.macs == macs
    assert [row.kind for row in counted.layers] == [kind]
    assert counted.unknown == ()


@pytest.mark.parametrize(
    ("function", "shape", "macs"),
    [
        (lambda x: x @ x.transpose(1, 2), (4, 6), 4 * 6 * 4),
        (lambda x: torch.einsum("bij,bjk->bik", x, meta(1, 6, 9)), (4, 6), 4 * 6 * 9),
        (lambda x: torch.baddbmm(meta(1, 4, 9), x, meta(1, 6, 9)), (4, 6), 4 * 6 * 9),
        (lambda x: torch.addbmm(meta(4, 9), x, meta(1, 6, 9)), (4, 6), 4 * 6 * 9),
        (lambda x: x[0] @ meta(6), (4, 6), 4 * 6),
        (lambda x: torch.dot(x[0], x[0]), (6,), 6),
        (lambda x: F.scaled_dot_product_attention(x, x, x), (2, 8, 16), 2 * 8 * 8 * (16 + 16)),
        (lambda x: F.scaled_dot_product_attention(x, meta(1, 2, 5, 16), meta(1, 2, 5, 16)), (2, 8, 16), 2 * 8 * 5 * 32),
    ],
)
def test_products(function: Callable, shape: tuple[int, ...], macs: int) -> None:
    counted = of(function, *shape)
    assert counted.macs == macs
    assert counted.unknown == ()


def test_self_attention_layer_on_the_fused_path_too() -> None:
    length, width, hidden = 10, 16, 32
    layer = nn.TransformerEncoderLayer(width, 4, hidden, batch_first=True)
    projections, attention, mlp = 4 * length * width**2, 2 * length**2 * width, 2 * length * width * hidden
    before = torch.backends.mha.get_fastpath_enabled()
    counted = count(layer, input_shape=(length, width))
    assert counted.macs == projections + attention + mlp
    assert counted.unknown == ()
    assert torch.backends.mha.get_fastpath_enabled() is before


def test_recurrent_layer() -> None:
    steps, inputs, hidden = 5, 8, 16  # four gates, each from the input and from the state before
    counted = count(nn.LSTM(inputs, hidden, batch_first=True), input_shape=(steps, inputs))
    assert counted.macs == steps * 4 * hidden * (inputs + hidden)
    assert counted.unknown == ()


@pytest.mark.parametrize(
    "layer",
    [
        nn.BatchNorm2d(4),
        nn.GroupNorm(2, 4),
        nn.InstanceNorm2d(4),
        nn.LayerNorm((4, 8, 8)),
        *[act() for act in (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.Hardsigmoid, nn.Sigmoid, nn.SiLU, nn.GELU, nn.PReLU)],
        nn.Softmax(1),
        nn.ReLU(inplace=True),
        nn.AvgPool2d(2),
        nn.MaxPool2d(3, 2, 0, ceil_mode=True),
        nn.AdaptiveAvgPool2d(1),
        nn.AdaptiveAvgPool2d(3),
        nn.AdaptiveMaxPool2d(1),
        nn.Upsample(scale_factor=2),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.PixelShuffle(2),
        nn.ChannelShuffle(2),
        nn.ZeroPad2d(1),
        nn.Dropout(0.5),
        nn.Flatten(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_free_under_the_convention(layer: nn.Module) -> None:
    counted = count(layer, resolution=8, in_channels=4)
    assert counted.macs == 0
    assert counted.unknown == ()


def test_elementwise_arithmetic_is_free_also_in_place() -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        y = x.clone()
        y += x * 2 - x / 3
        y.clamp_(0, 6).mul_(x.sigmoid())
        return torch.where(y > 1, torch.cat([y, x])[:1], y.abs().sqrt()).mean((2, 3))

    counted = of(function, 3, 8, 8)
    assert (counted.macs, counted.unknown) == (0, ())


def test_what_is_not_known_is_listed_by_name() -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        return torch.cdist(torch.fft.rfft2(x).abs(), x[..., :5]) @ meta(8, 2)

    counted = of(function, 8, 8)
    assert counted.unknown == ("aten._cdist_forward", "aten._fft_r2c")
    assert counted.macs == 8 * 8 * 2  # the rest is counted all the same


@pytest.mark.parametrize(
    ("block", "channels", "side", "macs", "weights"),
    [  # MobileNetV1, table 3: one layer
        (ConvNormAct, 512, 14, 14 * 14 * 512 * 9 * 512, 512 * 9 * 512),
        (DepthwiseSeparable, 512, 14, 14 * 14 * 512 * (9 + 512), 512 * (9 + 512)),
        (DepthwiseSeparable, 384, 14, 14 * 14 * 384 * (9 + 384), 384 * (9 + 384)),
        (DepthwiseSeparable, 384, 10, 10 * 10 * 384 * (9 + 384), 384 * (9 + 384)),
    ],
)
def test_mobilenetv1_table_3(block: type[nn.Module], channels: int, side: int, macs: int, weights: int) -> None:
    printed = {(512, 14, ConvNormAct): (462_422_016, 2_359_296), (512, 14, DepthwiseSeparable): (52_283_392, 266_752)}
    printed |= {(384, 14, DepthwiseSeparable): (29_578_752, 150_912)}
    printed |= {(384, 10, DepthwiseSeparable): (15_091_200, 150_912)}
    counted = count(block(channels, channels), resolution=side)
    without_norms = sum(layer.parameters for layer in counted.layers if layer.kind != "norm")
    assert (counted.macs, without_norms) == (macs, weights) == printed[channels, side, block]


class Gated(nn.Module):
    """A map times the gate that a function makes of it."""

    def __init__(self, gate: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.gate, self.scale = gate, nn.Parameter(torch.ones(4, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gate(x) * self.scale  # the scale is a weight, and so no gate


@pytest.mark.parametrize("side", [5, 1])
@pytest.mark.parametrize(
    "gate", [lambda x: x.mean((2, 3), keepdim=True).sigmoid(), lambda x: F.adaptive_max_pool2d(x, 1)]
)
def test_multiplications_by_a_gate_are_apart(gate: Callable, side: int) -> None:
    other = count(Gated(gate), input_shape=(4, side, side)).other
    assert (other["se"], other["elementwise"]) == (4 * side**2, 4 * side**2)


@pytest.mark.parametrize(
    ("layer", "other"),
    [
        (nn.Conv2d(4, 6, 3, padding=1), {"bias": 6 * 64}),
        (nn.Conv2d(4, 6, 3, bias=False), {}),
        (nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), {"bias": 6 * 64}),
        (nn.BatchNorm2d(4), {"norm": 2 * 4 * 64}),  # scale and shift
        (nn.GroupNorm(2, 4), {"norm": 5 * 4 * 64}),  # two sums, difference, scale and shift
        (nn.Hardswish(), {"activation": 4 * 64}),
        (nn.MaxPool2d(3, 2, padding=1), {"pool": 4 * 16 * 9}),
        (nn.AvgPool2d(2), {"pool": 4 * 16 * 4}),
        (nn.AdaptiveAvgPool2d(1), {"pool": 4 * 64}),
        (nn.Upsample(scale_factor=2, mode="bilinear"), {"resize": 4 * 4 * 256}),
        (nn.Upsample(scale_factor=2), {}),
        (nn.Flatten(), {}),
    ],
    ids=str,
)  # fmt: skip
def test_other_operations_are_counted_apart(layer: nn.Module, other: dict[str, int]) -> None:
    assert count(layer, input_shape=(4, 8, 8)).other == other

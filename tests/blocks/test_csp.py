"""Blocks of YOLOv5's files: their parameters and operations by formula, and what their parts do."""

import pytest
import torch
from torch import nn

from lissom.blocks.cross_conv import CrossConv
from lissom.blocks.csp import Bottleneck, CrossStage, SplitStage
from lissom.blocks.map_encoder import MapEncoder, MapLayer
from lissom.blocks.mixed_conv import MixedConv, shares
from lissom.profiler import count

IN, OUT, N = 24, 32, 2
H = OUT // 2  # hidden


def unit(inside: int, outside: int, taps: int = 1) -> int:
    """A convolution without bias, and factor and summand of the norm."""
    return taps * inside * outside + 2 * outside


def bottleneck(channels: int) -> int:
    """1x1, then 3x3, at one width."""
    return unit(channels, channels) + unit(channels, channels, 9)


def inner(hidden: int) -> nn.Module:
    return nn.Sequential(*(Bottleneck(hidden, hidden, expansion=1.0) for _ in range(N)))


CASES = {
    # in -> hidden, bottlenecks, hidden -> hidden plain, in -> hidden plain, norm over both, both -> out
    "split": (SplitStage(IN, OUT, inner),
              unit(IN, H) + N * bottleneck(H) + H * H + IN * H + 2 * 2 * H + unit(2 * H, OUT)),
    # in -> hidden twice, both -> out; a linear layer with bias, then layers of 3 + 3 + 1 + 2 matrices and 4 biases
    "transformer": (CrossStage(IN, OUT, lambda hidden: MapEncoder(hidden, heads=4, layers=N)),
                    2 * unit(IN, H) + unit(2 * H, OUT) + H * H + H + N * (9 * H * H + 4 * H)),
    # 1x3 in -> out, 3x1 out -> out
    "cross": (CrossConv(IN, OUT, 3), unit(IN, OUT, 3) + unit(OUT, OUT, 3)),
    "cross narrow": (CrossConv(IN, OUT, 5, groups=4, expansion=0.5), unit(IN, H, 5) + 5 * H * OUT // 4 + 2 * OUT),
    # half by 1x1, half by 3x3, each in gcd(24, 16) = 8 groups of 3 channels; one norm
    "mixed": (MixedConv(IN, OUT, (1, 3)), 16 * 3 * (1 + 9) + 2 * OUT),
    # 11, 10, 11 channels: 24 and 11 have no divisor, 24 and 10 have 2
    "mixed of three": (MixedConv(IN, OUT, (1, 3, 5)), 11 * 24 + 10 * 12 * 9 + 11 * 24 * 25 + 2 * OUT),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_parameters(name: str) -> None:
    block, expected = CASES[name]
    assert sum(each.numel() for each in block.parameters()) == expected


@pytest.mark.parametrize("name", CASES)
def test_shape_is_kept(name: str) -> None:
    block = CASES[name][0].eval()
    with torch.no_grad():
        assert block(torch.randn(2, IN, 6, 10)).shape == (2, OUT, 6, 10)


@pytest.mark.parametrize("block", [MixedConv(IN, OUT, (1, 3), stride=2), CrossConv(IN, OUT, 3, stride=2)])
def test_stride_halves_both_sides(block: nn.Module) -> None:
    with torch.no_grad():
        assert block.eval()(torch.randn(1, IN, 8, 12)).shape == (1, OUT, 4, 6)


def test_macs_of_the_transformer() -> None:
    """Of T positions: 1 + N (3 + 3 + 1 + 2) matrices for each, and each with each in scores and mixture."""
    tokens, encoder = 5 * 7, MapEncoder(16, heads=4, layers=N)
    assert count(encoder, input_shape=(16, 5, 7)).macs == tokens * (1 + 9 * N) * 16 * 16 + N * 2 * tokens * tokens * 16


def test_attention_is_torch_s_own() -> None:
    layer, x = MapLayer(16, heads=4).double(), torch.randn(2, 5, 16, dtype=torch.float64)
    theirs = nn.MultiheadAttention(16, 4, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([each.weight for each in layer.inside]))  # type: ignore[arg-type]
        theirs.in_proj_bias.copy_(torch.cat([each.bias for each in layer.inside]))  # type: ignore[arg-type]
        theirs.out_proj.load_state_dict(layer.project.state_dict())
        mixed = x + theirs(*(first(x) for first in layer.before), need_weights=False)[0]
        torch.testing.assert_close(layer(x), mixed + layer.each(mixed), rtol=1e-9, atol=1e-9)


def test_positions_see_each_other_in_the_transformer_alone() -> None:
    encoder = MapEncoder(16, heads=4, layers=1).eval()
    x = torch.randn(1, 16, 4, 4)
    y = x.clone()
    y[..., 0, 0] += 1
    with torch.no_grad():
        assert (encoder(x) - encoder(y))[..., 3, 3].abs().min() > 0
        encoder.layers[0].project.weight.zero_()
        assert (encoder(x) - encoder(y))[..., 3, 3].abs().max() == 0


@pytest.mark.parametrize(("channels", "parts", "expected"), [
    (32, 2, [16, 16]), (8, 3, [3, 2, 3]), (64, 3, [22, 21, 21]), (7, 1, [7]), (1, 1, [1]), (3, 3, [1, 1, 1]),
])  # fmt: skip
def test_channels_are_shared_out(channels: int, parts: int, expected: list[int]) -> None:
    assert shares(channels, parts) == expected


def test_a_cross_adds_what_came_in_only_where_asked_for() -> None:
    x = torch.randn(1, 8, 5, 5)
    for shortcut in (True, False):
        block = CrossConv(8, 8, shortcut=shortcut).eval()
        nn.init.zeros_(block.column.conv.weight)
        with torch.no_grad():
            assert torch.equal(block(x), x if shortcut else torch.zeros_like(x))
    assert not CrossConv(8, 8, stride=2, shortcut=True).is_residual

"""GhostNetV2: timm's."""

import pytest
import timm
import torch

from lissom.blocks.dfc_attention import DFCAttention
from lissom.blocks.ghost import GhostBottleneck
from lissom.models import build
from lissom.profiler import count
from models.parity import hand_over, largest_difference, randomise
from models.test_ghostnet import with_linear_head


@pytest.mark.parametrize(("name", "width"), [("ghostnetv2_100", 1.0), ("ghostnetv2_130", 1.3), ("ghostnetv2_160", 1.6)])
def test_equals_timm(name: str, width: float) -> None:
    theirs = randomise(with_linear_head(timm.create_model(name)))
    ours = hand_over(theirs, build("ghostnetv2", width=width))
    assert largest_difference(theirs, ours, resolution=96) == 0  # the last map is 3x3: halved, an odd one


def test_all_blocks_but_the_first_two_attend() -> None:
    with torch.device("meta"):
        blocks = [m for m in build("ghostnetv2").modules() if isinstance(m, GhostBottleneck)]
    assert [isinstance(block.attend, DFCAttention) for block in blocks] == [False] * 2 + [True] * 14


def test_costs_ghostnet_and_its_attention() -> None:
    """On the halved input: 1x1 from in to expanded, 5 + 5 for each of these, and three norms, which are no MACs."""
    with torch.device("meta"):
        model = build("ghostnetv2")
        v1, v2 = (count(net, resolution=224) for net in (build("ghostnet"), model))
    sides = [28, 28, 14, 14, *[7] * 6, *[3] * 4]  # of inputs of 56, 28, 14 and 7 pixels, rounded down
    attended = [m for m in model.modules() if isinstance(m, DFCAttention)]
    shapes = [(m.mix.in_channels, m.mix.out_channels) for m in attended]
    added = sum(side**2 * (c * e + 10 * e) for side, (c, e) in zip(sides, shapes, strict=True))
    assert v2.macs - v1.macs == added
    assert v2.parameters - v1.parameters == sum(c * e + 10 * e + 6 * e for c, e in shapes)


def test_pyramid_is_ghostnet_s() -> None:
    with torch.device("meta"):
        assert build("ghostnetv2").pyramid == build("ghostnet").pyramid


def test_runs_where_the_last_map_is_one_pixel() -> None:
    """Halving it would leave nothing; timm fails there."""
    model = randomise(build("ghostnetv2", width=0.25))
    assert model(torch.randn(2, 3, 32, 32)).isfinite().all()
    with pytest.raises(RuntimeError, match="too small"):
        timm.create_model("ghostnetv2_100").eval()(torch.randn(1, 3, 32, 32))

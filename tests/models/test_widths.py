"""Sizes that a width or an option gives, as numbers: rounded, and carried to the last block."""

import pytest
import torch
from torch import nn

from lissom.models import build


@pytest.mark.parametrize(("width", "hidden"), [(1, [256, 128]), (0.35, [90, 45]), (0.1, [26, 13]), (0.002, [1, 1])])
def test_hybridsn_s_hidden_layers_are_rounded(width: float, hidden: list[int]) -> None:
    """256 x 0.35 = 89.6, 128 x 0.35 = 44.8."""
    with torch.device("meta"):
        model = build("hybridsn", num_classes=4, in_channels=15, width=width, window=9)
    assert [m.out_features for m in model.modules() if isinstance(m, nn.Linear)] == [*hidden, 4]


@pytest.mark.parametrize(("width", "expected"), [(1, [20, 20, 35, 35, 35, 35]), (0.33, [7, 7, 12, 12, 12, 12])])
def test_the_3d_cnn_s_channels_are_rounded(width: float, expected: list[int]) -> None:
    """20 x 0.33 = 6.6, 35 x 0.33 = 11.55."""
    with torch.device("meta"):
        model = build("cnn3d", num_classes=4, in_channels=30, width=width)
    assert [m.out_channels for m in model.modules() if isinstance(m, nn.Conv3d)] == expected


@pytest.mark.parametrize("last_stage", ["original", "efficient"])
def test_v3_s_filters_are_dilated_from_the_last_stride_to_the_end(last_stage: str) -> None:
    """Three blocks with stride 2, 1 and 1 at 160 channels, and the original stage's own."""
    with torch.device("meta"):
        model = build("mobilenetv3_large", last_stage=last_stage, dilated=True)
    depthwise = [m for m in model.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    after = 4 if last_stage == "original" else 3
    assert [conv.dilation for conv in depthwise[-after - 1 :]] == [(1, 1), *[(2, 2)] * after]
    assert all(conv.stride == (1, 1) for conv in depthwise[-after:])
    plain = build("mobilenetv3_large", last_stage=last_stage, width=0.35).modules()
    assert {m.dilation for m in plain if isinstance(m, nn.Conv2d)} == {(1, 1)}

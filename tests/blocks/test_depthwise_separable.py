"""MobileNetV1, section 3.1."""

import torch
from torch.nn.functional import conv2d

from lissom.blocks.depthwise_separable import DepthwiseSeparable


def test_filters_each_channel_then_mixes_them() -> None:
    block = DepthwiseSeparable(4, 6, stride=2)
    x = torch.randn(2, 4, 8, 8)
    block.eval()
    scale = (1 + 1e-5) ** -0.5  # fresh norms: mean 0, variance 1
    filtered = torch.cat(
        [conv2d(x[:, i : i + 1], block.depthwise.conv.weight[i : i + 1], stride=2, padding=1) for i in range(4)], dim=1
    )
    mixed = torch.einsum("bchw,oc->bohw", (filtered * scale).relu(), block.pointwise.conv.weight[:, :, 0, 0])
    torch.testing.assert_close(block(x), (mixed * scale).relu())


def test_parameters() -> None:
    block = DepthwiseSeparable(512, 512)
    assert sum(p.numel() for p in block.parameters()) == 512 * 9 + 512 * 512 + 4 * 512

"""Kernels of several sizes beside each other."""

from collections.abc import Sequence
from math import gcd

import torch
from torch import Tensor, nn

from lissom.blocks.csp import yolo_norm


class MixedConv(nn.Module):
    """Each kernel size gives its share of the output, the shares as equal as they can be; one norm and SiLU over all.

    MixConv (arXiv 1907.09595), section 3.1, in the form of YOLOv5's files, whose kernels all read the whole input, in
    as many groups as divide both numbers of channels. `B in H W -> B out H/stride W/stride`
    """

    def __init__(self, in_channels: int, out_channels: int, kernels: Sequence[int], *, stride: int = 1) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(in_channels, own, kernel, stride, kernel // 2, groups=gcd(in_channels, own), bias=False)
            for kernel, own in zip(kernels, shares(out_channels, len(kernels)), strict=True)
        )
        self.norm, self.act = yolo_norm(out_channels), nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(torch.cat([conv(x) for conv in self.convs], 1)))


def shares(channels: int, parts: int) -> list[int]:
    """Channel i, from 0, belongs to the last part that begins before `i parts / (channels - 1)`."""
    owners = [max(i * parts - 1, 0) // max(channels - 1, 1) for i in range(channels)]
    return [owners.count(part) for part in range(parts)]

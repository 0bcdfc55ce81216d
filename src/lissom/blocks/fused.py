"""Convolutions and linear layers with the norm behind them folded in: for inference alone.

RepVGG (arXiv 2101.03697), section 3.3: with running statistics, a norm is one factor and one summand for each channel.
A module that can be written as fewer ones offers `fuse()`, which returns them and leaves itself as it is.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lissom.errors import UsageError

Affine = tuple[Tensor, Tensor]
"""A kernel `out in/groups k k` and a bias `out`."""
Norm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d


class _ForInference(nn.Module):
    """Stays in eval mode."""

    def train(self, mode: bool = True) -> "_ForInference":
        """Raises: UsageError when asked to train: the statistics that training would move are part of the weights."""
        if mode:
            raise UsageError("fused-not-trained")
        return super().train(False)


class FusedConv(_ForInference, nn.Conv2d):
    """A convolution with bias that several modules were folded into."""


class FusedLinear(_ForInference, nn.Linear):
    """A linear layer with bias that several modules were folded into."""


def factors(norm: Norm) -> Affine:
    """What the norm multiplies and adds for each channel, by its running statistics."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def folded(conv: nn.Conv2d | nn.Conv3d, norm: Norm) -> Affine:
    """The convolution and the norm behind it as one convolution."""
    scale, shift = factors(norm)
    kernel = conv.weight * scale.view(-1, *[1] * (conv.weight.dim() - 1))
    return kernel, shift if conv.bias is None else shift + conv.bias * scale


def widened(kernel: Tensor, side: int) -> Tensor:
    """A kernel with zeros around it, so that it has `side` by `side` taps and does the same."""
    margin = (side - kernel.shape[-1]) // 2
    return F.pad(kernel, (margin,) * 4)


def identity_kernel(conv: nn.Conv2d) -> Tensor:
    """A kernel of the shape of `conv`'s that gives its input."""
    kernel = torch.zeros_like(conv.weight)
    nn.init.dirac_(kernel, conv.groups)
    return kernel


@torch.no_grad()
def fused_conv(like: nn.Conv2d, kernel: Tensor, bias: Tensor) -> FusedConv:
    """A convolution with stride, padding, dilation and groups of `like`."""
    found = FusedConv(
        like.in_channels,
        like.out_channels,
        like.kernel_size,  # type: ignore[arg-type]
        like.stride,  # type: ignore[arg-type]
        like.padding,  # type: ignore[arg-type]
        like.dilation,  # type: ignore[arg-type]
        like.groups,
        device=like.weight.device,
        dtype=like.weight.dtype,
    )
    found.weight.copy_(kernel)
    assert found.bias is not None
    found.bias.copy_(bias)
    return found.eval()


@torch.no_grad()
def fused_linear(weight: Tensor, bias: Tensor) -> FusedLinear:
    """weight: `out in`."""
    found = FusedLinear(weight.shape[1], weight.shape[0], device=weight.device, dtype=weight.dtype)
    found.weight.copy_(weight)
    found.bias.copy_(bias)
    return found.eval()

"""Attention on channels, then on places."""

import torch
from torch import Tensor, nn


class ChannelAttention(nn.Module):
    """One small network reads the mean and the maximum over the image; a sigmoid of the sum weighs the channels.

    CBAM (arXiv 1807.06521), section 3, equation 2. The fully connected layers have biases, as in the authors' code, and
    are 1x1 convolutions, so that nothing is reshaped. `B C H W -> B C H W`
    """

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.max = nn.AdaptiveMaxPool2d(1)
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.act = nn.ReLU()
        self.expand = nn.Conv2d(squeezed, channels, 1)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(self._logits(self.mean(x)) + self._logits(self.max(x)))  # weights: B C 1 1

    def _logits(self, pooled: Tensor) -> Tensor:
        return self.expand(self.act(self.reduce(pooled)))


class SpatialAttention(nn.Module):
    """A 7x7 convolution reads the maximum and the mean over the channels; its sigmoid weighs the places.

    CBAM (arXiv 1807.06521), section 3, equation 3; the authors' code adds a batch norm before the sigmoid, and so does
    this. `B C H W -> B C H W`
    """

    def __init__(self, kernel: int = 7) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(1)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        read = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)  # B 2 H W
        return x * self.gate(self.norm(self.conv(read)))


class CBAM(nn.Module):
    """Channels first, then places: the order that the paper's table 2 finds best. `B C H W -> B C H W`"""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.channel = ChannelAttention(channels, squeezed)
        self.spatial = SpatialAttention()

    def forward(self, x: Tensor) -> Tensor:
        return self.spatial(self.channel(x))

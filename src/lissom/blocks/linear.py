"""Linear layer, norm, activation: the 1x1 convolution of a map of one pixel."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lissom.blocks.fused import factors, fused_linear


class LinearNormAct(nn.Module):
    """A linear layer without bias, a batch norm, an activation: MobileNetV4's last layer (arXiv 2404.10518).

    `B in -> B out`
    """

    def __init__(self, in_features: int, out_features: int, *, act: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, out_features, bias=False)
        self.norm = nn.BatchNorm1d(out_features)
        self.act = act()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.linear(x)))

    @torch.no_grad()
    def fuse(self) -> nn.Module:
        """The norm folded into the linear layer."""
        scale, shift = factors(self.norm)
        return nn.Sequential(fused_linear(self.linear.weight * scale[:, None], shift), self.act)

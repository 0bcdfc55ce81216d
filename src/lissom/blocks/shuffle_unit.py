"""ShuffleNetV1's block."""

import torch
from torch import Tensor, nn

from lissom.blocks.channel_shuffle import ChannelShuffle
from lissom.blocks.conv import ConvNormAct


class ShuffleUnit(nn.Module):
    """Grouped 1x1, shuffle, 3x3 for each channel, grouped 1x1, gate; then added to the input, or put beside it.

    ShuffleNet (arXiv 1707.01083), figure 2 b and c. At stride 2 the input, averaged over 3x3, stands before the
    branch's channels, which are then `out - in`. `grouped=False` leaves the first 1x1 whole (section 3.3: stage 2's
    first has few input channels).
    At stride 1, c channels, bottleneck m: `H W (2 c m / g + 9 m)` MACs (section 3.2).
    `B in H W -> B out ceil(H / stride) ceil(W / stride)`
    """

    def __init__(
        self,
        in_channels: int,
        bottleneck: int,
        out_channels: int,
        *,
        stride: int,
        groups: int,
        grouped: bool = True,
        shuffle: bool = True,
        gate: nn.Module | None = None,
    ) -> None:
        super().__init__()
        branch = out_channels - in_channels if stride == 2 else out_channels
        self.reduce = ConvNormAct(in_channels, bottleneck, 1, groups=groups if grouped else 1)
        self.shuffle = ChannelShuffle(bottleneck, groups) if shuffle and groups > 1 else nn.Identity()
        self.depthwise = ConvNormAct(bottleneck, bottleneck, stride=stride, groups=bottleneck, act=None)
        self.expand = ConvNormAct(bottleneck, branch, 1, groups=groups, act=None)
        self.gate = gate or nn.Identity()
        self.act = nn.ReLU()
        self.pool = nn.AvgPool2d(3, stride=2, padding=1) if stride == 2 else None

    def forward(self, x: Tensor) -> Tensor:
        out = self.gate(self.expand(self.depthwise(self.shuffle(self.reduce(x)))))
        if self.pool is None:
            return self.act(x + out)
        return torch.cat([self.pool(x), self.act(out)], 1)  # B in H W and B out-in H W -> B out H W

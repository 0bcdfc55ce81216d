"""ShuffleNetV2's two blocks (arXiv 1807.11164, figure 3 c and d), in the authors' form and in torchvision's."""

import torch
from torch import Tensor, nn

from lissom.blocks.channel_shuffle import ChannelShuffle
from lissom.blocks.conv import ConvNormAct


class SplitUnit(nn.Module):
    """Half of the channels pass, half go through 1x1, 3x3 for each channel, 1x1; then both stand side by side.

    The paper's section 3.2 shuffles after the concatenation, and so does torchvision. `shuffle_first` is the authors'
    code: the unit takes the even channels for the pass and the odd ones for the branch, which is a shuffle before it
    into two halves, and leaves the concatenation as it is. `B C H W -> B C H W`
    """

    def __init__(self, channels: int, *, shuffle_first: bool) -> None:
        super().__init__()
        half = channels // 2
        self.before = ChannelShuffle(channels, half) if shuffle_first else nn.Identity()
        self.branch = branch(half, half, half)
        self.after = nn.Identity() if shuffle_first else ChannelShuffle(channels, 2)

    def forward(self, x: Tensor) -> Tensor:
        passed, worked = self.before(x).chunk(2, dim=1)  # B C H W -> B C/2 H W, twice
        return self.after(torch.cat([passed, self.branch(worked)], 1))


class DownUnit(nn.Module):
    """Both branches see all channels and halve the map: 3x3 for each channel then 1x1, and the branch of SplitUnit.

    projected: channels that the short branch gives. The authors' code keeps all that came in and does not shuffle
    here (the next unit does); torchvision gives half of the output and shuffles.
    `B in H W -> B out ceil(H / 2) ceil(W / 2)`
    """

    def __init__(self, in_channels: int, out_channels: int, *, projected: int, shuffle: bool) -> None:
        super().__init__()
        self.project = nn.Sequential(
            ConvNormAct(in_channels, in_channels, stride=2, groups=in_channels, act=None),
            ConvNormAct(in_channels, projected, 1),
        )
        self.branch = branch(in_channels, out_channels // 2, out_channels - projected, stride=2)
        self.after = ChannelShuffle(out_channels, 2) if shuffle else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.after(torch.cat([self.project(x), self.branch(x)], 1))


def branch(in_channels: int, mid_channels: int, out_channels: int, *, stride: int = 1) -> nn.Sequential:
    """1x1, 3x3 for each channel without activation, 1x1: equally wide (guideline 1), not grouped (guideline 2)."""
    return nn.Sequential(
        ConvNormAct(in_channels, mid_channels, 1),
        ConvNormAct(mid_channels, mid_channels, stride=stride, groups=mid_channels, act=None),
        ConvNormAct(mid_channels, out_channels, 1),
    )

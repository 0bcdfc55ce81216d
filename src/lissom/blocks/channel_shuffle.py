"""How grouped convolutions hear of each other."""

from torch import Tensor, nn


class ChannelShuffle(nn.Module):
    """Channels dealt out: the first of each group, then the second of each. No parameters, no MACs.

    ShuffleNet (arXiv 1707.01083), section 3.1: reshape to (groups, channels / groups), transpose, flatten. Only the
    channels are named, as constants, so that batch and image keep any size in an exported graph.
    `B C H W -> B C H W`
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        assert channels % groups == 0, (channels, groups)
        self.dealt = (groups, channels // groups)

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(1, self.dealt).transpose(1, 2).flatten(1, 2)  # B C H W -> B g C/g H W -> B C H W

    def extra_repr(self) -> str:
        return f"groups={self.dealt[0]}"

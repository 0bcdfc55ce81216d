"""The contract of networks that classify the middle pixel of a window of a scene."""

from torch import Tensor, nn


class WindowNet(nn.Module):
    """A trunk, a gate on its map or none, a first fully connected layer over the whole map, and what follows it.

    Where the trunk treats every place alike (valid convolutions of stride 1, no pooling), its map over a whole scene
    holds the maps of all windows, and `why_not_dense` is empty: `models.dense` then runs the trunk once for a scene
    instead of once for a window. Else it says what stands in the way: "padding" or "pooling".
    `window` is the side of the window in pixels, `margin` what the trunk takes off it: the map's side is their difference.
    `B bands window window -> B K`
    """

    def __init__(
        self,
        trunk: nn.Module,
        first: nn.Linear,
        rest: nn.Module,
        *,
        window: int,
        margin: int,
        gate: nn.Module | None = None,
        why_not_dense: str = "",
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.gate = gate or nn.Identity()
        self.first = first
        self.rest = rest
        self.window = window
        self.margin = margin
        self.why_not_dense = why_not_dense

    def forward(self, x: Tensor) -> Tensor:
        features = self.gate(self.trunk(x)).flatten(1)  # B C k k -> B (C k k)
        return self.rest(self.first(features))

"""The logits of all pixels of a scene without cutting their windows: exactly those of window after window.

Every layer of a trunk without padding and pooling gives at a place the same in every window that covers it, so the
trunk runs once over the scene. The first fully connected layer is then a correlation with a kernel as large as the
trunk's map of a window (17 x 17 for HybridSN): by Fourier products over tiles, or plainly where it is small. What
follows works on each pixel alone. A gate that looks at the whole map of a window keeps the shared trunk, and takes the
maps of the windows from it one batch at a time.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lissom.blocks.fourier import TILE, kernel_spectrum, tiled_correlation, untile
from lissom.models.regions import Region
from lissom.models.window_net import WindowNet, after_trunk, cut, trunk_map, windows_at

BLOCK = 5 * TILE  # outputs a side: bounds the memory, and 24 pixels of halo cost a third of the trunk's work
FOURIER_FROM = 7  # kernel side at which Fourier products become faster than the plain correlation
BATCH = 256  # windows at a time, where they must be cut


class SceneLogits:
    """A network in eval mode made ready for whole scenes; what depends on its weights alone is computed once.

    `form` is how: "dense", "gathered" (the trunk is shared, a gate needs each window's map) or "windows".
    """

    def __init__(self, model: WindowNet) -> None:
        assert not model.training, "dropout and batch statistics differ at every call"
        self.model = model
        shared = not model.why_not_shared()
        self.form = ("dense" if isinstance(model.gate, nn.Identity) else "gathered") if shared else "windows"
        self._spectrum: Tensor | None = None

    @torch.inference_mode()
    def __call__(self, scene: Tensor) -> Tensor:
        """`bands H W -> H W K`; beyond its borders the scene is zero."""
        return torch.cat(list(self.rows(scene)))

    @torch.inference_mode()
    def rows(self, scene: Tensor) -> Iterator[Tensor]:
        """The same a strip at a time, from the top: `h W K`."""
        _, height, width = scene.shape
        half = self.model.window // 2
        for top in range(0, height, BLOCK):
            blocks = [
                Region(top, min(top + BLOCK, height), left, min(left + BLOCK, width)) for left in range(0, width, BLOCK)
            ]
            yield torch.cat([self.block(cut(scene, block, half)) for block in blocks], 1)

    @torch.inference_mode()
    def block(self, padded: Tensor) -> Tensor:
        """Logits of a block from it and the half window around it: `bands h+2p w+2p -> h w K`."""
        height, width = (side - self.model.window + 1 for side in padded.shape[1:])
        if self.form == "windows":
            return self._windows(padded, height, width)
        maps = trunk_map(self.model, padded)
        if self.form == "gathered":
            return self._gathered(maps, height, width)
        weight = self.model.first.weight.unflatten(1, (maps.shape[0], self.model.side, self.model.side))
        if self.model.side < FOURIER_FROM:
            return self.model.rest(F.conv2d(maps[None], weight, self.model.first.bias)[0].permute(1, 2, 0))
        if self._spectrum is None:
            self._spectrum = kernel_spectrum(weight)
        tiled = tiled_correlation(maps, self._spectrum, self.model.side)
        return untile(self.model.rest(tiled.add_(self.model.first.bias)), height, width)

    def _gathered(self, maps: Tensor, height: int, width: int) -> Tensor:
        by_place, across = maps.flatten(1).t().contiguous(), maps.shape[2]
        steps = torch.arange(self.model.side)
        window = (steps[:, None] * across + steps)[None]  # 1 k k
        firsts = (torch.arange(height)[:, None] * across + torch.arange(width)).flatten()
        parts = [after_trunk(self.model, by_place, part[:, None, None] + window) for part in firsts.split(BATCH)]
        return torch.cat(parts).view(height, width, -1)

    def _windows(self, padded: Tensor, height: int, width: int) -> Tensor:
        half = self.model.window // 2
        places = torch.cartesian_prod(torch.arange(height), torch.arange(width)) + half
        parts = [self.model(windows_at(padded, part, self.model.window)) for part in places.split(BATCH)]
        return torch.cat(parts).view(height, width, -1)

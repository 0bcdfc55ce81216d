"""The logits of many pixels of one scene without cutting their windows: exactly those of window after window.

Every layer of a trunk without padding and pooling gives at a place the same in every window that covers it, so the
trunk runs once over the scene. The first fully connected layer is then a correlation with a kernel as large as the
trunk's map of a window (17 x 17 for HybridSN): by Fourier products over tiles, or plainly where it is small. What
follows works on each pixel alone. A gate that looks at the whole map of a window keeps the shared trunk, and takes the
maps of the windows from it one batch at a time.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from lissom.blocks.fourier import TILE, kernel_spectrum, tiled_correlation, untile
from lissom.models.window_net import WindowNet

BLOCK = 5 * TILE  # outputs a side: bounds the memory, and 24 pixels of halo cost a third of the trunk's work
FOURIER_FROM = 7  # kernel side at which Fourier products become faster than the plain correlation
BATCH = 256  # windows at a time, where they must be cut


def form(model: WindowNet) -> str:
    """How the logits of a scene are computed: "dense", "gathered" (the trunk is shared) or "windows"."""
    if model.why_not_dense:
        return "windows"
    return "dense" if isinstance(model.gate, torch.nn.Identity) else "gathered"


class SceneLogits:
    """A network made ready for whole scenes; what depends on its weights alone is computed once.

    In eval mode and without gradients. `bands H W -> H W K`
    """

    def __init__(self, model: WindowNet) -> None:
        self.model = model
        self.form = form(model)
        self.half = model.window // 2
        self.side = model.window - model.margin  # of the trunk's map of a window
        self.spectrum: Tensor | None = None

    @torch.inference_mode()
    def __call__(self, scene: Tensor) -> Tensor:
        """All pixels, block by block; beyond its borders the scene is zero."""
        rows = [torch.cat(list(row), 1) for row in self._rows(scene)]
        return torch.cat(rows)

    def _rows(self, scene: Tensor) -> Iterator[Iterator[Tensor]]:
        _, height, width = scene.shape
        for top in range(0, height, BLOCK):
            bottom = min(top + BLOCK, height)
            yield (
                self.block(cut(scene, top, bottom, left, min(left + BLOCK, width), self.half))
                for left in range(0, width, BLOCK)
            )

    @torch.inference_mode()
    def block(self, padded: Tensor) -> Tensor:
        """Logits of a block from it and the half window around it: `bands h+2p w+2p -> h w K`."""
        height, width = (side - 2 * self.half for side in padded.shape[1:])
        if self.form == "windows":
            return self._windows(padded, height, width)
        maps = trunk_map(self.model, padded)
        if self.form == "gathered":
            return self._gathered(maps, height, width)
        weight = self.model.first.weight.view(-1, maps.shape[0], self.side, self.side)
        if self.side < FOURIER_FROM:
            hidden = F.conv2d(maps[None], weight, self.model.first.bias)[0].permute(1, 2, 0)
            return self.model.rest(hidden)
        if self.spectrum is None:
            self.spectrum = kernel_spectrum(weight)
        tiled = tiled_correlation(maps, self.spectrum, self.side)
        return untile(self.model.rest(tiled + self.model.first.bias), height, width)

    def _gathered(self, maps: Tensor, height: int, width: int) -> Tensor:
        windows = maps.unfold(1, self.side, 1).unfold(2, self.side, 1)  # C h w k k, a view
        return self._in_batches(windows, height, width, lambda m: self.model.rest(
            self.model.first(self.model.gate(m).flatten(1))
        ))  # fmt: skip

    def _windows(self, padded: Tensor, height: int, width: int) -> Tensor:
        windows = padded.unfold(1, self.model.window, 1).unfold(2, self.model.window, 1)
        return self._in_batches(windows, height, width, self.model)

    @staticmethod
    def _in_batches(windows: Tensor, height: int, width: int, run) -> Tensor:
        """`C h w k k`, each window through `run`, never more than a batch of them copied."""
        by_place = windows.permute(1, 2, 0, 3, 4)
        places = torch.arange(height * width)
        parts = [run(by_place[part // width, part % width]) for part in places.split(BATCH)]
        return torch.cat(parts).view(height, width, -1)


def trunk_map(model: WindowNet, scene: Tensor) -> Tensor:
    """The trunk's map of a whole image: `bands H W -> C H-margin W-margin`."""
    by_scene = getattr(model.trunk, "forward_scene", None)
    return by_scene(scene) if by_scene else model.trunk(scene[None])[0]


def cut(scene: Tensor, top: int, bottom: int, left: int, right: int, half: int) -> Tensor:
    """Rows and columns with `half` more on every side, zeros where the scene has ended."""
    _, height, width = scene.shape
    inside = scene[:, max(top - half, 0) : bottom + half, max(left - half, 0) : right + half]
    missing = (max(half - left, 0), max(right + half - width, 0), max(half - top, 0), max(bottom + half - height, 0))
    return F.pad(inside, missing)

"""The logits of all pixels of a scene without cutting their windows: exactly those of window after window.

Every layer of a trunk without padding and pooling gives at a position the same in every window that covers it, so the
trunk runs once over the scene. The first fully connected layer is then a correlation with a kernel as large as the
trunk's map of a window (17 x 17 for HybridSN): by Fourier products over tiles, or plainly where it is small. What
follows works on each pixel alone. A gate that looks at the whole map of a window keeps the shared trunk, and takes the
maps of the windows from it one batch at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lissom.blocks.fourier import TILE, column_spectrum, tile_of, tiled_correlation, untile
from lissom.models.regions import Region
from lissom.models.window_net import WindowNet, after_trunk, cut, trunk_map, windows_at

BLOCK = 5 * TILE  # outputs a side: bounds the memory, and 24 pixels of halo cost a third of the trunk's work
FOURIER_FROM = 7  # kernel side at which Fourier products become faster than the plain correlation
BATCH = 256  # windows at a time, where they must be cut


class SceneLogits:
    """A network in eval mode made ready for whole scenes; what depends on its weights alone is computed once.

    `form` is how: "dense", "gathered" (the trunk is shared, a gate needs each window's map), "windows" or "pixels".
    """

    def __init__(self, model: WindowNet) -> None:
        assert not model.training, "dropout and batch statistics differ at every call"
        self.model = model
        self.form = form(model)
        self._spectra: dict[int, Tensor] = {}

    @torch.inference_mode()
    def __call__(self, scene: Tensor) -> Tensor:
        """`bands H W -> H W K`; beyond its borders the scene is zero."""
        return torch.cat(list(self.rows(scene)))

    @torch.inference_mode()
    def rows(self, scene: Tensor) -> Iterator[Tensor]:
        """The same a strip at a time, from the top: `h W K`."""
        half = self.model.window // 2
        for strip in strips(*scene.shape[1:]):
            yield torch.cat([self.block(cut(scene, block, half)) for block in strip], 1)

    @torch.inference_mode()
    def block(self, padded: Tensor) -> Tensor:
        """Logits of a block from it and the half window around it: `bands h+2p w+2p -> h w K`."""
        height, width = self._extent(padded)
        if self.form in ("windows", "pixels"):
            return self._windows(padded, height, width)
        if self.form == "gathered":
            return self._gathered(trunk_map(self.model, padded), height, width)
        hidden, tiled = self._first(padded)
        logits = self._rest(hidden)
        return untile(logits, height, width) if tiled else logits

    @torch.inference_mode()
    def samples(self, padded: Tensor, passes: int) -> Tensor:
        """Logits of a block with dropout left on: `bands h+2p w+2p -> passes h w K`; a trunk without any runs once.

        The draws are torch's global ones: seed it for the same samples again.
        """
        height, width = self._extent(padded)
        with dropout_on(self.model):
            if self.form != "dense" or _dropouts(self.model.trunk):
                return torch.stack([self.block(padded) for _ in range(passes)])
            hidden, tiled = self._first(padded)
            drawn = [self._rest(hidden) for _ in range(passes)]
        return torch.stack([untile(logits, height, width) if tiled else logits for logits in drawn])

    def _extent(self, padded: Tensor) -> tuple[int, int]:
        height, width = padded.shape[1:]
        return height - self.model.window + 1, width - self.model.window + 1

    def _first(self, padded: Tensor) -> tuple[Tensor, bool]:
        """The first fully connected layer at every pixel, `h w O`, or in tiles (see `tiled_correlation`) and True."""
        side, first = self.model.side, self.model.first
        weight = first.weight.unflatten(1, (-1, side, side))
        if side < FOURIER_FROM:
            maps = trunk_map(self.model, padded)
            return F.conv2d(maps[None], weight, first.bias)[0].permute(1, 2, 0), False
        rows, columns = (tile_of(extent) for extent in self._extent(padded))
        points = columns + side - 1
        if points not in self._spectra:  # before the maps: what is kept must not stand between what is freed
            kept = self._spectra if len(self._spectra) < 2 else {}  # the blocks of a scene have two widths at most
            self._spectra = {**kept, points: column_spectrum(weight, points)}
        maps = trunk_map(self.model, padded).permute(1, 2, 0)
        return tiled_correlation(maps, self._spectra[points], first.bias, side, (rows, columns)), True

    def _rest(self, hidden: Tensor) -> Tensor:
        """What follows the first layer. ReLUs overwrite: only the first may change `hidden`, and twice is as once."""
        for layer in self.model.rest.children():
            hidden = hidden.relu_() if isinstance(layer, nn.ReLU) else layer(hidden)
        return hidden

    def _gathered(self, maps: Tensor, height: int, width: int) -> Tensor:
        by_position, across = maps.permute(1, 2, 0).flatten(0, 1), maps.shape[2]
        steps = torch.arange(self.model.side)
        window = (steps[:, None] * across + steps)[None]  # 1 k k
        firsts = (torch.arange(height)[:, None] * across + torch.arange(width)).flatten()
        parts = [after_trunk(self.model, by_position, part[:, None, None] + window) for part in firsts.split(BATCH)]
        return torch.cat(parts).view(height, width, -1)

    def _windows(self, padded: Tensor, height: int, width: int) -> Tensor:
        half = self.model.window // 2
        coords = torch.cartesian_prod(torch.arange(height), torch.arange(width)) + half
        parts = [self.model(windows_at(padded, part, self.model.window)) for part in coords.split(BATCH)]
        return torch.cat(parts).view(height, width, -1)


def strips(height: int, width: int) -> Iterator[list[Region]]:
    """The blocks of a scene, row by row; all of nearly one size, so that each fits where the one before it was."""
    for top, bottom in pairwise(_cuts(height)):
        yield [Region(top, bottom, left, right) for left, right in pairwise(_cuts(width))]


def _cuts(length: int) -> list[int]:
    """Where `length` is cut into as few parts of at most `BLOCK` as there can be, the longer ones first."""
    parts = -(-length // BLOCK)
    return [-(-length * part // parts) for part in range(parts + 1)]


def form(model: WindowNet) -> str:
    """How the logits of a scene come about: "dense", "gathered", "windows", or "pixels" where none sees a neighbour."""
    why = model.why_not_shared()
    if why:
        return "pixels" if why == "pixels" else "windows"
    return "dense" if isinstance(model.gate, nn.Identity) else "gathered"


@contextmanager
def dropout_on(model: nn.Module) -> Iterator[None]:
    """Dropout as in training, and nothing else: norms keep their fixed statistics."""
    layers = _dropouts(model)
    for layer in layers:
        layer.train()
    try:
        yield
    finally:
        for layer in layers:
            layer.eval()


def _dropouts(module: nn.Module) -> list[nn.Module]:
    return [m for m in module.modules() if isinstance(m, nn.modules.dropout._DropoutNd)]

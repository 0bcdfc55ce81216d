"""The contract of networks that classify the middle pixel of a window of a scene, and how they see many windows."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lissom.models.contract import Ends, Identity, Origin, with_parameters
from lissom.models.regions import Region, regions

POSITIONS_AT_ONCE = 30_000  # of trunks' maps kept for the backward pass: some 15 kB each for HybridSN with 30 bands


class WindowNet(nn.Module):
    """A trunk, a gate on its map or none, a first fully connected layer over the whole map, and what follows it.

    Where the trunk treats every position alike (valid convolutions of stride 1, no pooling), its map over a whole scene
    holds the maps of all windows, and `why_not_dense` is empty: the trunk is then run once for many windows.
    Else it names what stands in the way. `window` is the side of the window in pixels, `margin` what the trunk takes
    off it: the map's side is their difference. `stem` is the name of the trunk's first convolution within the trunk.
    The classifier is the last layer of `rest`, or `first` itself where nothing follows it.
    `B bands window window -> B K`, or a scene `bands H W` and pixel coordinates `coords` `N 2` (row, column) `-> N K`
    """

    identity: Identity | None = None
    """Set by `models.build`; None for a network whose paper's function was called directly."""
    origin: Origin | None = None
    """What `weights.load` loaded last; None while it has loaded nothing."""
    ends: Ends

    def __init__(
        self,
        trunk: nn.Module,
        first: nn.Linear,
        rest: nn.Sequential | nn.Identity,
        *,
        stem: str,
        window: int,
        margin: int,
        gate: nn.Module | None = None,
        why_not_dense: str = "",
    ) -> None:
        super().__init__()
        classifier = f"rest.{len(rest) - 1}" if isinstance(rest, nn.Sequential) else "first"
        self.ends = Ends(f"trunk.{stem}", classifier, classifier)
        self.trunk = trunk
        self.gate = gate or nn.Identity()
        self.first = first
        self.rest = rest
        self.window = window
        self.margin = margin
        self.why_not_dense = why_not_dense

    def forward(self, x: Tensor, coords: Tensor | None = None) -> Tensor:
        if coords is not None:
            return logits_at(self, x, coords)
        features = self.gate(self.trunk(x)).flatten(1)  # B C k k -> B (C k k)
        return self.rest(self.first(features))

    def layers(self) -> list[nn.Module]:
        """The parts of the trunk, the gate where there is one, the first fully connected layer, those of the rest."""
        return with_parameters([*_parts(self.trunk), *_parts(self.gate), self.first, *_parts(self.rest)])

    @property
    def side(self) -> int:
        """Of the trunk's map of a window."""
        return self.window - self.margin

    def why_not_shared(self) -> str:
        """What forbids to run the trunk once for many windows: "padding", "pooling", "norm"; "" where nothing does.

        While training, batch norm takes its statistics from the windows of a batch, which a scene cannot give.
        """
        if self.why_not_dense:
            return self.why_not_dense
        norms = any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in self.trunk.modules())
        return "norm" if norms and self.training else ""


def _parts(module: nn.Module) -> list[nn.Module]:
    return list(module) if isinstance(module, nn.Sequential) else [module]


class Choice(NamedTuple):
    """How the windows around some pixels are computed: "shared" over regions, or "windows"."""

    form: str
    regions: list[Region]


def choose(model: WindowNet, coords: Tensor, height: int, width: int) -> Choice:
    """Shared where that means fewer positions of the trunk's map than the windows have, and memory allows it.

    Counted in positions of the map, one costs the same either way: 128 random windows of HybridSN have 36,992, a
    scene of 145 x 145 has 25,921.
    """
    if model.why_not_shared():
        return Choice("windows", [])
    found = regions(coords, model.window // 2, height, width)
    shared = sum((region.height + model.side - 1) * (region.width + model.side - 1) for region in found)
    fits = shared < min(len(coords) * model.side**2, POSITIONS_AT_ONCE)
    return Choice("shared", found) if fits else Choice("windows", [])


def logits_at(model: WindowNet, scene: Tensor, coords: Tensor) -> Tensor:
    """`bands H W`, `N 2` -> `N K`: the same logits and gradients in either form."""
    chosen = choose(model, coords, *scene.shape[1:])
    if chosen.form == "windows":
        return model(windows_at(scene, coords, model.window))
    rows, maps, start = torch.empty(len(coords), dtype=torch.int64, device=coords.device), [], 0
    strides = torch.empty_like(rows)
    for region in chosen.regions:
        map_ = trunk_map(model, cut(scene, region, model.window // 2))
        inside = region.holds(coords)
        rows[inside] = start + (coords[inside, 0] - region.top) * map_.shape[2] + coords[inside, 1] - region.left
        strides[inside] = map_.shape[2]
        maps.append(map_.flatten(1).t())  # C h w -> (h w) C
        start += len(maps[-1])
    steps = torch.arange(model.side, device=coords.device)
    index = rows[:, None, None] + strides[:, None, None] * steps[:, None] + steps  # N k k
    return after_trunk(model, torch.cat(maps), index)


def after_trunk(model: WindowNet, maps: Tensor, index: Tensor) -> Tensor:
    """From rows of the trunk's maps `P C` and each window's own `N k k` to `N K`."""
    taken = maps.index_select(0, index.flatten()).view(len(index), -1, maps.shape[1])  # N (k k) C
    if not isinstance(model.gate, nn.Identity):
        by_channel = taken.transpose(1, 2).unflatten(2, (model.side, model.side))  # N C k k
        return model.rest(model.first(model.gate(by_channel).flatten(1)))
    weight = model.first.weight.unflatten(1, (maps.shape[1], -1)).transpose(1, 2).flatten(1)  # O (k k) C
    return model.rest(F.linear(taken.flatten(1), weight, model.first.bias))


def trunk_map(model: WindowNet, scene: Tensor) -> Tensor:
    """The trunk's map of a whole image: `bands H W -> C H-margin W-margin`."""
    by_scene = getattr(model.trunk, "forward_scene", None)
    return by_scene(scene) if by_scene else model.trunk(scene[None])[0]


def windows_at(scene: Tensor, coords: Tensor, window: int) -> Tensor:
    """`bands H W`, `N 2` -> `N bands window window`, zeros where the scene has ended; no other window is cut."""
    half = window // 2
    views = F.pad(scene, (half,) * 4).unfold(1, window, 1).unfold(2, window, 1).permute(1, 2, 0, 3, 4)
    return views[coords[:, 0], coords[:, 1]]


def cut(scene: Tensor, region: Region, half: int) -> Tensor:
    """The region with `half` more pixels on every side, zeros where the scene has ended."""
    _, height, width = scene.shape
    inside = scene[
        :, max(region.top - half, 0) : region.bottom + half, max(region.left - half, 0) : region.right + half
    ]
    left, right = max(half - region.left, 0), max(region.right + half - width, 0)
    above, below = max(half - region.top, 0), max(region.bottom + half - height, 0)
    return F.pad(inside, (left, right, above, below))

"""Random changes to training images, drawn for each image of a batch apart.

torchvision's v2 transforms draw one set of parameters for a whole batch, hence these: every parameter of a step is an
array with a row for each image. All of them come from (seed, epoch, step), so that any process, or a resumed one, draws
the same. Crop and flip are one gather from the memory-mapped pixels; mixup (Zhang et al., arXiv 1710.09412, ICLR
2018) and cutmix (Yun et al., arXiv 1905.04899, ICCV 2019) are one blend; cutout is DeVries and Taylor, arXiv
1708.04552.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lissom.config import require
from lissom.data.files import Pixels
from lissom.errors import UsageError
from lissom.events import note
from lissom.tasks.classify.settings import AugmentConfig

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
OPERATIONS = 14  # of RandAugment, see randaugment.py


@dataclass(frozen=True)
class Draws:
    """What happens to each image of a batch, row by row; y before x."""

    shifts: Ints  # B 2, pixels
    flips: NDArray[np.bool_]  # B
    holes: Ints  # B 2, centre of the blanked square
    operations: Ints  # B n, RandAugment's
    signs: Ints  # B n, -1 or 1
    partners: Ints  # B, indices in the batch, within the same part
    shares: Floats  # B, of the image itself against its partner
    pasted: NDArray[np.bool_]  # B, whether the partner is pasted (cutmix) rather than blended (mixup)
    centres: Ints  # B 2, of the pasted box

    def part(self, start: int, stop: int) -> "Draws":
        """The rows from `start` to `stop`, partners counted from `start`."""
        rows = {name: values[start:stop] for name, values in vars(self).items()}
        return Draws(**{**rows, "partners": rows["partners"] - start})


@dataclass(frozen=True)
class Augment:
    """An AugmentConfig whose defaults have been resolved for one data set."""

    resolution: int
    pad: int
    flip: bool
    config: AugmentConfig

    @classmethod
    def resolve(cls, config: AugmentConfig, *, resolution: int, small: bool, mirrored: bool) -> "Augment":
        """`small`: the images are padded and cropped here; `mirrored`: their mirror images are as likely.

        Raises: UsageError for a padding that mirrors no pixels, or that large images do not have.
        """
        pad = resolution // 8 if config.crop is None else config.crop
        require(not small or pad < resolution, "crop", pad, f"< resolution = {resolution}")
        if config.crop and not small:
            raise UsageError("setting-idle", name="crop", got=config.crop, reason=note("data.idle-crop"))
        flip = mirrored if config.flip is None else config.flip
        return cls(resolution, pad if small else 0, flip, config)

    @property
    def mixes(self) -> bool:
        return self.config.mixup > 0 or self.config.cutmix > 0

    def draw(self, batch_size: int, parts: int, rng: np.random.Generator) -> Draws:
        """The changes to one step's batch of `parts` equal parts."""
        size = (batch_size, 2)
        pasted = np.repeat(self._pastes(parts, rng), batch_size // parts)
        return Draws(
            shifts=rng.integers(-self.pad, self.pad, size, endpoint=True),
            flips=rng.random(batch_size) < (0.5 if self.flip else 0.0),
            holes=rng.integers(0, self.resolution, size),
            operations=rng.integers(0, OPERATIONS, (batch_size, self.config.randaugment)),
            signs=rng.integers(0, 2, (batch_size, self.config.randaugment)) * 2 - 1,
            partners=np.concatenate(_partners(batch_size, parts, rng)),
            shares=self._shares(pasted, rng),
            pasted=pasted,
            centres=rng.integers(0, self.resolution, size),
        )

    def _pastes(self, parts: int, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Whether each part is mixed by cutmix; with both settings each is as likely."""
        chance = 0.5 if self.config.mixup > 0 else 1.0
        return rng.random(parts) < (chance if self.config.cutmix > 0 else 0.0)

    def _shares(self, pasted: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
        if not self.mixes:
            return np.ones(len(pasted))
        alpha = np.where(pasted, self.config.cutmix, self.config.mixup)
        return rng.beta(alpha, alpha)


def _partners(batch_size: int, parts: int, rng: np.random.Generator) -> list[Ints]:
    size = batch_size // parts
    return [part * size + rng.permutation(size) for part in range(parts)]


def crop_and_flip(pixels: Pixels, indices: Ints, draws: Draws) -> Pixels:
    """N H W C at `indices`, each shifted by its draw over its own mirrored border, and flipped left to right or not.

    One gather of pixels, border included: nothing is padded or copied besides. -> B H W C
    """
    _, height, width, channels = pixels.shape
    rows = _mirrored(np.arange(height) + draws.shifts[:, :1], height)  # B H
    columns = np.where(draws.flips[:, None], np.arange(width)[::-1], np.arange(width))
    columns = _mirrored(columns + draws.shifts[:, 1:], width)  # B W
    flat = (indices[:, None, None] * height + rows[:, :, None]) * width + columns[:, None, :]  # B H W
    return np.take(pixels.reshape(-1, channels), flat, axis=0)


def _mirrored(positions: Ints, size: int) -> Ints:
    """Places outside 0..size-1 reflected at the edge pixel, as in numpy.pad's "reflect"."""
    return (size - 1) - np.abs((size - 1) - np.abs(positions))


def flip(images: Pixels, flips: NDArray[np.bool_]) -> Pixels:
    """B H W C with the chosen images mirrored left to right."""
    return np.where(flips[:, None, None, None], images[:, :, ::-1], images)


def cut_out(images: Tensor, draws: Draws, side: int) -> Tensor:
    """B C H W, in place: zeros (the mean colour) in a square about each image's own centre, cut off at the edge."""
    inside = _box(draws.holes, np.full(len(draws.holes), side), images.shape[-1])
    return images.mul_(torch.from_numpy(~inside)[:, None].to(images.device))


def mix(images: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
    """B C H W blended with or pasted over by their partners, and each image's own share in the result, float32 B."""
    own = _own_shares(draws, images.shape[-1])  # B H W
    weights = torch.from_numpy(own)[:, None].to(images.device)
    mixed = torch.lerp(images[torch.from_numpy(draws.partners).to(images.device)], images, weights)
    return mixed, torch.from_numpy(own.mean((1, 2))).to(images.device)


def _own_shares(draws: Draws, side: int) -> NDArray[np.float32]:
    """B H W: how much of each pixel is the image's own; cutmix's box has sqrt(1 - share) of the side."""
    boxes = _box(draws.centres, np.rint(side * np.sqrt(1 - draws.shares)).astype(np.int64), side)
    even = np.broadcast_to(draws.shares[:, None, None], boxes.shape)
    return np.where(draws.pasted[:, None, None], ~boxes, even).astype(np.float32)


def _box(centres: Ints, sides: Ints, resolution: int) -> NDArray[np.bool_]:
    """B H W: whether a pixel lies in the square of its image."""
    low = centres - sides[:, None] // 2  # B 2
    positions = np.arange(resolution) - low[:, :, None]  # B 2 H
    inside = (positions >= 0) & (positions < sides[:, None, None])
    return inside[:, 0, :, None] & inside[:, 1, None, :]


def mixed_targets(labels: Tensor, own: Tensor, partners: Ints, num_classes: int) -> Tensor:
    """float32 B K: each image's share at its class, the rest at its partner's."""
    one_hot = torch.nn.functional.one_hot(labels, num_classes).float()
    return torch.lerp(one_hot[torch.from_numpy(partners).to(labels.device)], one_hot, own[:, None])

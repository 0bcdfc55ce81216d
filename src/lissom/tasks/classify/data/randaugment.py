"""RandAugment (Cubuk et al., arXiv 1909.13719, CVPR workshops 2020) with operations drawn for each image apart.

The images of a batch are grouped by operation, so each operation runs once on its images. Ranges and
arithmetic are torchvision's (`transforms.v2.RandAugment`, 31 magnitudes); geometry takes the nearest pixel
and fills with black.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lissom.data.files import Pixels

LARGEST = 30
GREY = (0.2989, 0.587, 0.114)  # as torchvision


def rand_augment(images: Pixels, operations: NDArray[np.int64], signs: NDArray[np.int64], magnitude: int) -> Pixels:
    """uint8 B H W C; `operations` and `signs` B n, one column after the other; `magnitude` 0 to 30."""
    strength = magnitude / LARGEST
    values = torch.from_numpy(images).permute(0, 3, 1, 2).float()  # B C H W, 0..255
    for column in range(operations.shape[1]):
        for number, operation in enumerate(OPERATIONS):
            rows = torch.from_numpy(np.flatnonzero(operations[:, column] == number))
            if len(rows) and number:  # the first is the identity
                sign = torch.from_numpy(signs[:, column])[rows].float()
                values[rows] = operation(values[rows], sign, strength).clamp_(0, 255).floor_()
    return values.to(torch.uint8).permute(0, 2, 3, 1).numpy()


def _affine(images: Tensor, matrix: Tensor) -> Tensor:
    """B C H W sampled at `matrix` B 2 3, which maps output to input pixels about the centre."""
    height, width = images.shape[-2:]
    half = torch.tensor([width / 2, height / 2])
    matrix = matrix.clone()
    matrix[:, :, 2] /= half  # pixels -> the grid's -1..1
    matrix[:, 0, 1] *= height / width
    matrix[:, 1, 0] *= width / height
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="nearest", align_corners=False)


def _matrix(count: int, **entries: Tensor) -> Tensor:
    """B 2 3 identity matrices with the entries `a b c / d e f` replaced."""
    matrix = torch.eye(2, 3).repeat(count, 1, 1)
    for name, values in entries.items():
        index = "abcdef".index(name)
        matrix[:, index // 3, index % 3] = values
    return matrix


def _shear_x(images: Tensor, sign: Tensor, strength: float) -> Tensor:
    return _affine(images, _matrix(len(images), b=-sign * 0.3 * strength))


def _shear_y(images: Tensor, sign: Tensor, strength: float) -> Tensor:
    return _affine(images, _matrix(len(images), d=-sign * 0.3 * strength))


def _translate_x(images: Tensor, sign: Tensor, strength: float) -> Tensor:
    return _affine(images, _matrix(len(images), c=-torch.trunc(sign * 150 / 331 * images.shape[-1] * strength)))


def _translate_y(images: Tensor, sign: Tensor, strength: float) -> Tensor:
    return _affine(images, _matrix(len(images), f=-torch.trunc(sign * 150 / 331 * images.shape[-2] * strength)))


def _rotate(images: Tensor, sign: Tensor, strength: float) -> Tensor:
    angle = torch.deg2rad(sign * 30 * strength)
    cos, sin = torch.cos(angle), torch.sin(angle)
    return _affine(images, _matrix(len(images), a=cos, b=-sin, d=sin, e=cos))


def _blend(images: Tensor, other: Tensor, sign: Tensor, strength: float) -> Tensor:
    """Away from `other` (factor above 1) or towards it."""
    factor = (1 + sign * 0.9 * strength).view(-1, 1, 1, 1)
    return factor * images + (1 - factor) * other


def _grey(images: Tensor) -> Tensor:
    if images.shape[1] == 1:
        return images
    return (images * torch.tensor(GREY).view(1, 3, 1, 1)).sum(1, keepdim=True).floor_()


def _brightness(images: Tensor, sign: Tensor, strength: float) -> Tensor:
    return _blend(images, torch.zeros(()), sign, strength)


def _color(images: Tensor, sign: Tensor, strength: float) -> Tensor:
    return _blend(images, _grey(images), sign, strength)


def _contrast(images: Tensor, sign: Tensor, strength: float) -> Tensor:
    return _blend(images, _grey(images).mean((1, 2, 3), keepdim=True), sign, strength)


def _sharpness(images: Tensor, sign: Tensor, strength: float) -> Tensor:
    """Against a 3x3 smoothing with weight 5 at the centre; the border stays."""
    channels = images.shape[1]
    kernel = torch.ones(3, 3)
    kernel[1, 1] = 5
    kernel = (kernel / kernel.sum()).expand(channels, 1, 3, 3)
    smooth = images.clone()
    smooth[..., 1:-1, 1:-1] = F.conv2d(images, kernel, groups=channels).round_()
    return _blend(images, smooth, sign, strength)


def _posterize(images: Tensor, _: Tensor, strength: float) -> Tensor:
    step = 2 ** round(4 * strength)  # 8 bits down to 4
    return torch.div(images, step, rounding_mode="floor") * step


def _solarize(images: Tensor, _: Tensor, strength: float) -> Tensor:
    return torch.where(images >= 255 * (1 - strength), 255 - images, images)


def _autocontrast(images: Tensor, _: Tensor, __: float) -> Tensor:
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    stretched = (images - low) * (255 / (high - low).clamp(min=1))
    return torch.where(high > low, stretched, images)


def _equalize(images: Tensor, _: Tensor, __: float) -> Tensor:
    """Each channel's histogram made flat, by Pillow's rule: the last occupied bin is left out of the step."""
    planes = images.flatten(2).long()  # B C HW
    counts = torch.zeros(*planes.shape[:2], 256, dtype=torch.long).scatter_add_(2, planes, torch.ones_like(planes))
    filled = counts.cumsum(2)
    last = counts.gather(2, planes.amax(2, keepdim=True))  # B C 1
    step = (planes.shape[2] - last) // 255
    table = torch.div(filled - counts + step // 2, step.clamp(min=1), rounding_mode="floor").clamp(0, 255)
    table = torch.where(step > 0, table, torch.arange(256).expand_as(table))
    return table.gather(2, planes).view_as(images).float()


def _identity(images: Tensor, _: Tensor, __: float) -> Tensor:
    return images


OPERATIONS: tuple[Callable[[Tensor, Tensor, float], Tensor], ...] = (
    _identity,
    _shear_x,
    _shear_y,
    _translate_x,
    _translate_y,
    _rotate,
    _brightness,
    _color,
    _contrast,
    _sharpness,
    _posterize,
    _solarize,
    _autocontrast,
    _equalize,
)

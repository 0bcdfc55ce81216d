"""The evaluation transform of torchvision and timm, in NumPy and Pillow: the same pixels and floats, bit for bit.

Both publishers resize the whole image so that its shorter side has a given length, cut out the centre in whole pixels,
scale to 0..1 and standardise. All of it pickles, as worker processes take it.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from lissom.data.files import Pixels, Unreadable
from lissom.events import note


def resize_and_crop(
    array: Pixels, *, resize: int, resolution: int, resample: Image.Resampling, crop_down: bool = False
) -> Pixels:
    """H W C, C = 1 or 3 -> resolution resolution C: the shorter side made `resize` pixels long, then the centre.

    As `torchvision.transforms.Resize(resize)` and `CenterCrop(resolution)` on Pillow's images: the longer side is
    rounded down, half a pixel at the sides of the crop to the even number. crop_down: that half is rounded down.
    Raises: Unreadable for an image so elongated that it would become larger than Pillow lets any image be.
    """
    assert resize >= resolution, f"a crop of {resolution} out of {resize}"
    height, width = array.shape[:2]
    short, long = min(height, width), max(height, width)
    scaled = int(resize * long / short)
    if resize * scaled > (Image.MAX_IMAGE_PIXELS or 1 << 40):
        raise Unreadable(note("weights.too-elongated", width=width, height=height, resize=resize))
    size = (resize, scaled) if width <= height else (scaled, resize)
    image = Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)
    left, top = (_margin(side - resolution, crop_down) for side in size)
    cut = image.resize(size, resample).crop((left, top, left + resolution, top + resolution))
    return np.asarray(cut).reshape(resolution, resolution, array.shape[2])


def _margin(rest: int, down: bool) -> int:
    return rest // 2 if down else round(rest / 2)


def scale_and_standardise(pixels: Pixels, mean: Sequence[float], std: Sequence[float]) -> np.ndarray:
    """uint8 N H W C -> float32 N C H W, its memory still N H W C: (x / 255 - mean) / std, each step in float32.

    As `torchvision.transforms.ToTensor` and `Normalize`; `normalise.normalise` has one step fewer and other last bits.
    """
    images = pixels.astype(np.float32)
    images /= np.float32(255)
    images -= np.array(mean, np.float32)
    images /= np.array(std, np.float32)
    return images.transpose(0, 3, 1, 2)  # N H W C -> N C H W

"""Ground truth drawn as a picture: PNG, BMP or GIF; class ids are grey values, indices of a palette, or colours."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lissom.data.files import Unreadable, open_image, read_bytes
from lissom.errors import DataError
from lissom.events import note
from lissom.tasks.scene.data.layers import Layer, first_line
from lissom.tasks.scene.data.scene import MOST_CLASSES, Colour

IMAGES = (".png", ".bmp", ".gif")  # not JPEG, whose colours blur at every border
FORMATS = ("PNG", "BMP", "GIF")
GREY = ("1", "L", "I", "I;16", "I;16B", "F")


def read_image(path: Path) -> Layer:
    """A map of ids H W. Of colours, black and what is transparent are unlabelled, the others ids from 1, sorted by
    red, green and blue. Raises: DataError for a damaged file."""
    try:
        with open_image(read_bytes(path), FORMATS) as image:
            if image.mode == "P":
                return Layer(values=np.asarray(image), colours=_palette(image.getpalette() or []))
            if image.mode in GREY:
                return Layer(values=np.asarray(image))
            rgba = np.asarray(image.convert("RGBA"))
    except (Unreadable, OSError, ValueError, SyntaxError, IndexError, TypeError, struct.error) as error:
        raise DataError("scene-unreadable", path=path, reason=first_line(error)) from error
    rgb = np.where(rgba[..., 3:] > 0, rgba[..., :3], 0)
    if (rgb == rgb[..., :1]).all():  # grey values, saved in three channels
        return Layer(values=rgb[..., 0])
    return _coloured(rgb, path)


def _coloured(rgb: NDArray[np.uint8], path: Path) -> Layer:
    packed = rgb.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
    colours, ids = np.unique(packed, return_inverse=True)
    if len(colours) > MOST_CLASSES:
        raise DataError("scene-not-a-map", path=path, count=len(colours), most=MOST_CLASSES)
    first = 0 if colours[0] == 0 else 1
    known: dict[int, Colour] = {
        index: (value >> 16, value >> 8 & 255, value & 255) for index, value in enumerate(colours.tolist(), first)
    }
    named = {index: f"#{r:02x}{g:02x}{b:02x}" for index, (r, g, b) in known.items() if index}
    told = note("scene_files.colours", count=len(named), names=", ".join(list(named.values())[:8]))
    return Layer(values=ids.reshape(packed.shape) + first, no_data=0, colours=known, class_names=named, notes=(told,))


def _palette(values: list[int]) -> dict[int, Colour]:
    return {index: (r, g, b) for index, (r, g, b) in enumerate(zip(*[iter(values)] * 3, strict=False))}

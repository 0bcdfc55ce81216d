"""Images of more than 8 bits: which files hold one, their values, and their way to 8 bits. No torch here.

Pillow has them in modes of its own where they are grey, and drops the low byte of colours. That byte is what the same
file gives when its values are read in the other order of bytes.
"""

import re
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lissom.data.scales import Ends, Kind

COLOUR = re.compile("(RGBA?);16([BLN])")  # in Pillow's terms, how a file stores its pixels
TILES = "tile"
OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


class Values(NamedTuple):
    """The range of an image of more than 8 bits, without its alpha."""

    kind: Kind
    low: float
    high: float

    def within(self, ends: Ends) -> bool:
        return ends[0] <= self.low and self.high <= ends[1]


def kind_of(image: Image.Image) -> Kind | None:
    """What an image that was opened holds; None: 8 bits or fewer. Nothing is decoded."""
    if image.mode.startswith(("I", "F")):
        return "floats" if image.mode == "F" else "integers"
    return "integers" if _order(image) else None


def is_grey(image: Image.Image) -> bool:
    return image.mode.startswith(("I", "F"))


def values_of(image: Image.Image, again: Callable[[], Image.Image]) -> NDArray[Any]:
    """H W of a grey image, else H W C, C = 3 or 4 with alpha. again: opens the same file, for a colour's low byte."""
    if is_grey(image):
        return np.asarray(image)
    with again() as other:
        order = OTHER_ORDER[_order(image)]
        tiles = [tile._replace(args=_in_order(tile.args, order)) for tile in _tiles(other)]
        setattr(other, TILES, tiles)
        return np.asarray(image).astype(np.uint16) << 8 | np.asarray(other)


def range_of(kind: Kind, values: NDArray[Any]) -> Values:
    colours = values[..., :3] if values.ndim == 3 else values
    return Values(kind, float(colours.min()), float(colours.max()))


def scaled(values: NDArray[Any], ends: Ends) -> NDArray[np.uint8]:
    """Values to 0..255, clipped at both ends, which become 0 and 255; a fourth channel is alpha, of 16 bits."""
    black, white = ends
    pixels = np.clip(np.rint((values - black) * (255.0 / (white - black))), 0, 255).astype(np.uint8)
    if values.ndim == 3 and values.shape[2] == 4:
        pixels[..., 3] = np.rint(values[..., 3] * (255.0 / 65535.0))
    return pixels


def _order(image: Image.Image) -> str:
    """Of the bytes of a colour image whose pixels Pillow would cut to 8 bits; "" of any other image."""
    orders = {found[2] if (found := COLOUR.fullmatch(_raw_mode(tile.args))) else "" for tile in _tiles(image)}
    return orders.pop() if len(orders) == 1 else ""


def _tiles(image: Image.Image) -> list[Any]:
    """Where the pixels of a file are, and how they are stored; none of an image that is no file."""
    return getattr(image, TILES, [])


def _raw_mode(args: Any) -> str:
    return str(args[0] if isinstance(args, tuple) and args else args)


def _in_order(args: Any, order: str) -> Any:
    if isinstance(args, tuple):
        return (args[0][:-1] + order, *args[1:])
    return args[:-1] + order

"""One image file to a uint8 array: the modes of real files, and what makes a file no image. No torch here.

Grey, palette, alpha, CMYK, 16-bit and float files come out as 8-bit grey or RGB, turned upright as their EXIF tag says.
`Scales` say which values of more than 8 bits become black and white. Transparent parts become white, the ground on
which such pictures are drawn. Animations give their first frame.
"""

import contextlib
import io
import struct
from collections.abc import Callable, Collection
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, features

from lissom.bounds import PIXELS, most_pixels, read_regular
from lissom.data import heic
from lissom.data.deep import Values, is_grey, kind_of, range_of, scaled, values_of
from lissom.data.png_header import plain_image, plain_size
from lissom.data.scales import Kind, Scales
from lissom.errors import DataError
from lissom.events import note

DECODE_VERSION = 1  # part of every cache's name: raise it whenever the pixels of any file change
IMAGE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pnm",
)  # fmt: skip
PNG = b"\x89PNG"
MAGIC = (b"\xff\xd8\xff", PNG, b"GIF8", b"II*\0", b"MM\0*")  # how JPEG, PNG, GIF and TIFF begin

# what the content may be, whatever the name says: others of Pillow's readers start programs, as that of EPS does
FORMATS = frozenset({"JPEG", "PNG", "BMP", "DIB", "GIF", "TIFF", "WEBP", "PPM", "AVIF", "HEIF"})
ORIENTATION = 0x0112  # a tag of EXIF
TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")

Pixels = NDArray[np.uint8]
Result = TypeVar("Result")


class Unreadable(Exception):
    """Why some bytes are no usable image, as a clause in the reader's language."""

    name = ""
    """Of the file, where whoever reads it knows it."""


class Header(NamedTuple):
    """What a file says of its image before a pixel is decoded."""

    size: tuple[int, int]
    """Width and height, before any turning."""
    kind: Kind | None
    """What it holds; None: 8 bits or fewer."""
    orientation: int = 1
    """As EXIF counts them: 1 is upright, 2 to 8 are turned or mirrored when decoded, from 5 on by a quarter."""

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height as decoded."""
        width, height = self.size
        return (height, width) if self.orientation >= 5 else (width, height)


class Decoded(NamedTuple):
    """An image, H W C, its file's own mode in Pillow's terms ("RGB", "L", "CMYK", "I;16"...), and the range of more
    than 8 bits."""

    pixels: Pixels
    mode: str
    values: Values | None


def is_image_name(name: str) -> bool:
    """Whether the file's extension is that of an image."""
    last = name.rstrip("/").rpartition("/")[2]
    dot = last.rfind(".")
    return dot > 0 and last[dot:].lower() in image_suffixes()


@cache
def image_suffixes() -> frozenset[str]:
    """Of files that are decoded here: HEIC where the extra is installed, AVIF where Pillow was built with it."""
    heic_here = heic.SUFFIXES if heic.is_installed() else ()
    return frozenset((*IMAGE_SUFFIXES, *heic_here, *([".avif"] if features.check("avif") else ())))


def read_image(source: str | Path | bytes, *, channels: int = 3, name: str | None = None) -> Pixels:
    """The image in a file, or in its bytes, as H W C with 1 or 3 channels; `name` is what an error calls it.

    Raises: DataError that names the file and the reason.
    """
    return read_decoded(source, channels=channels, name=name).pixels


def read_decoded(
    source: str | Path | bytes, *, channels: int, scales: Scales | None = None, name: str | None = None
) -> Decoded:
    """As `read_image`, with what else is known of it."""
    path = name or ("<bytes>" if isinstance(source, bytes) else str(source))
    try:
        data = source if isinstance(source, bytes) else read_bytes(Path(source))
        return decode(data, channels=channels, scales=scales)
    except Unreadable as error:
        raise DataError("image-unreadable", path=path, reason=error) from error


def read_bytes(path: Path | str) -> bytes:
    """The bytes of a file. Raises: Unreadable with the system's reason."""
    try:
        return read_regular(path)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


def decode(data: bytes, *, channels: int, scales: Scales | None = None) -> Decoded:
    """The image in `data`. scales: of more than 8 bits; None, or for a kind that they lack: by its type or own range.

    Raises: Unreadable.
    """
    return _read(data, partial(_decode, channels=channels, scales=scales))


def read_values(data: bytes) -> Values | None:
    """The range of an image of more than 8 bits; None for others. Raises: Unreadable."""
    return _read(data, _values)


def _read(data: bytes, read: Callable[[bytes], Result]) -> Result:
    """What `read` makes of a file's bytes, with or without its text. Raises: Unreadable with the reason."""
    if not data:
        raise Unreadable(note("data.reason-empty"))
    if heic.is_heic(data) and not heic.register():
        raise Unreadable(note("data.reason-heic"))
    try:
        return read(data)
    except Unreadable:
        raise
    except Image.UnidentifiedImageError as error:
        if data.startswith(MAGIC):
            raise Unreadable(note("data.reason-damaged", detail="header")) from error
        raise Unreadable(note("data.reason-not-an-image", start=ascii(data[:12])[2:-1])) from error
    except Exception as error:  # Pillow's readers raise nearly every kind on damaged bytes
        if bare := _without_text(data):
            return _read(bare, read)
        raise Unreadable(note("data.reason-damaged", detail=_one_line(error))) from error


def _decode(data: bytes, *, channels: int, scales: Scales | None) -> Decoded:
    if (size := plain_size(data)) is not None:
        _check_size(*size)
        if (plain := plain_image(data, size)) is not None:
            return Decoded(_as_array(plain, channels), plain.mode, None)
    with open_image(data) as image:
        mode, kind = image.mode, kind_of(image)
        ends = scales.ends(kind) if scales and kind else None
        if kind is None or (ends is None and not is_grey(image)):  # Pillow takes the high byte of colours
            return Decoded(_as_array(_upright(image), channels), mode, None)
        values, exif = values_of(image, partial(open_image, data)), image.info.get("exif")
    _require_finite(values)
    known = range_of(kind, values)
    made = Image.fromarray(_to_8_bit(values, known) if ends is None else scaled(values, ends))
    if exif:
        made.info["exif"] = exif
    return Decoded(_as_array(_upright(made), channels), mode, known)


def _values(data: bytes) -> Values | None:
    with open_image(data) as image:
        kind = kind_of(image)
        if kind is None:
            return None
        values = values_of(image, partial(open_image, data))
    _require_finite(values)
    return range_of(kind, values)


def header(data: bytes) -> Header:
    """Raises: Unreadable."""
    if (size := plain_size(data)) is not None:
        _check_size(*size)
        return Header(size, None)
    if heic.is_heic(data):
        heic.register()
    try:
        with open_image(data) as image:
            return Header(image.size, kind_of(image), _orientation(image))
    except Unreadable:
        raise
    except Exception as error:  # as in decode
        if bare := _without_text(data):
            return header(bare)
        raise Unreadable(_one_line(error)) from error


def fit_square(array: Pixels, resolution: int) -> Pixels:
    """H W C -> resolution resolution C: the largest centred square, resized with antialiasing.

    The one way into a network outside training: validation, testing, prediction and exported files agree on it.
    """
    height, width = array.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize_box(array, (left, top, left + side, top + side), resolution)


def resize_box(array: Pixels, box: tuple[float, float, float, float], resolution: int) -> Pixels:
    """The box (left, top, right, bottom) of an H W C image, resized to resolution resolution C."""
    if array.shape[:2] == (resolution, resolution) and tuple(box) == (0, 0, resolution, resolution):
        return array
    image = Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)
    small = image.resize((resolution, resolution), Image.Resampling.BILINEAR, box=box)
    return np.asarray(small).reshape(resolution, resolution, array.shape[2])


def open_image(data: bytes, formats: Collection[str] = FORMATS) -> Image.Image:
    """As `Image.open` with another limit: its own is below the photos of today's phones. No pixel is decoded here.

    formats: Pillow's names of what the content may be. Raises: Unreadable for too many pixels, and whatever Pillow
    raises.
    """
    Image.init()
    for factory, accept in (Image.OPEN[name] for name in Image.ID if name in formats):
        if accept is None or accept(data[:16]) is True:
            with contextlib.suppress(SyntaxError, IndexError, TypeError, struct.error):
                image = factory(io.BytesIO(data), "")
                _check_size(image.width, image.height)
                return image
    raise Image.UnidentifiedImageError


def _check_size(width: int, height: int) -> None:
    limit = most_pixels()
    if width * height > limit:
        raise Unreadable(note("data.reason-too-large", got=width * height, limit=limit, variable=PIXELS))


def _without_text(data: bytes) -> bytes | None:
    """A PNG without its chunks of text, of which Pillow takes a megabyte at most: no pixel depends on them. None for
    one that has none, and for other files."""
    if not data.startswith(PNG):
        return None
    kept, start = [data[:8]], 8
    while start + 8 <= len(data):
        end = start + 12 + int.from_bytes(data[start : start + 4], "big")
        if data[start + 4 : start + 8] not in TEXT_CHUNKS:
            kept.append(data[start:end])
        start = end
    bare = b"".join(kept)
    return bare if len(bare) < len(data) else None


def _upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF orientation says; files without one pay nothing for it, and Pillow turns TIFF."""
    if "exif" in image.info:
        return ImageOps.exif_transpose(image)
    return image


def _orientation(image: Image.Image) -> int:
    found: Any = image.getexif().get(ORIENTATION) if "exif" in image.info else None
    return int(found) if found in range(1, 9) else 1


def _as_array(image: Image.Image, channels: int) -> Pixels:
    if image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        image = _on_white(image)
    mode = "L" if channels == 1 else "RGB"
    image = image if image.mode == mode else image.convert(mode)
    return np.asarray(image).reshape(image.height, image.width, channels)


def _on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image)


def _require_finite(values: NDArray[Any]) -> None:
    if not np.isfinite(values).all():
        raise Unreadable(note("data.reason-not-finite", count=int((~np.isfinite(values)).sum())))


def _to_8_bit(values: NDArray[Any], known: Values) -> Pixels:
    """Grey of 16 or 32 bits, or float, to 8 bits: by the type's range, for 32 bits and floats by that of the values."""
    _, low, high = known
    if values.dtype.kind == "f":
        scale = 1.0 if high <= 1 else 255.0
    else:
        scale = 65535.0 if values.dtype.itemsize == 2 or high > 255 else 255.0
    if low < 0 or high > scale:
        raise Unreadable(note("data.reason-out-of-range", low=f"{low:g}", high=f"{high:g}"))
    return np.rint(values * (255.0 / scale)).astype(np.uint8)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

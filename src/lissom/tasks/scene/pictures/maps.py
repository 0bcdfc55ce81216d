"""A scene as pixels: false colour, classes, mistakes, confidence; one pixel of the scene is one pixel of the picture.

All answers are uint8 `H W 3`; `bare_png` and `bare_svg` make files of them without a frame.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lissom.tasks.scene.pictures.colours import Colour

RED_GREEN_BLUE_NM = (640.0, 550.0, 460.0)
FIRST_NM, LAST_NM = 380.0, 760.0  # of visible light
GUESSED = (0.4, 0.25, 0.1)  # where red, green and blue stand among the bands of a sensor for 400 to 1000 nm
STRETCH = (2, 98)  # percentiles that become black and full colour
SAMPLED = 200_000  # pixels for these percentiles
STRIP_PIXELS = 1 << 20  # stretched at once, whatever the scene's size

NOT_LABELLED: Colour = (24, 28, 33)
RIGHT: Colour = (176, 190, 200)
WRONG: Colour = (226, 45, 45)
TRAINED: Colour = (58, 92, 130)
CONFIDENCE, UNCERTAINTY = "viridis", "inferno"  # colour scales of matplotlib, dark where the value is low

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def colour_bands(
    bands: int, wavelengths_nm: NDArray[np.floating] | None = None, good_bands: Mask | None = None
) -> tuple[int, int, int]:
    """Numbers of the bands for red, green and blue: by wavelength, else by rank; a bad band is never taken.

    A scene without visible light shows its bands in order: the longest third as red.
    """
    good = np.arange(bands) if good_bands is None or not good_bands.any() else np.flatnonzero(good_bands)
    if wavelengths_nm is None:
        chosen = [good[int(share * (len(good) - 1))] for share in GUESSED]
    elif ((wavelengths_nm >= FIRST_NM) & (wavelengths_nm <= LAST_NM)).sum() >= 3:
        chosen = [good[np.abs(wavelengths_nm[good] - wanted).argmin()] for wanted in RED_GREEN_BLUE_NM]
    else:
        chosen = [good[int(share * (len(good) - 1))] for share in (5 / 6, 1 / 2, 1 / 6)]
    red, green, blue = (int(band) for band in chosen)
    return red, green, blue


def false_colour(cube: NDArray, bands: tuple[int, int, int], valid: Mask) -> Pixels:
    """Three bands of `H W bands`, each stretched from its 2nd to its 98th percentile; invalid pixels are black.

    The cube may be a memory map of any type: beside the answer, 200,000 pixels and a strip of rows are in memory.
    """
    shown = np.zeros((*valid.shape, 3), np.uint8)
    usable = np.flatnonzero(valid)
    rows, columns = np.unravel_index(usable[:: max(1, len(usable) // SAMPLED)], valid.shape)
    if not len(rows):
        return shown
    seen = cube[rows[:, None], columns[:, None], np.array(bands)].astype(np.float64)
    low, high = np.nanpercentile(seen, STRETCH, axis=0)
    step = max(1, STRIP_PIXELS // valid.shape[1])
    for top in range(0, len(valid), step):
        strip = slice(top, top + step)
        values = cube[strip][..., list(bands)].astype(np.float64)
        values = np.where(valid[strip, :, None], np.nan_to_num(values, posinf=0, neginf=0), low)
        shown[strip] = np.clip((values - low) / np.maximum(high - low, 1e-12) * 255, 0, 255).round()
    return shown


def class_map(labels: NDArray[np.integer], colours: Sequence[Colour]) -> Pixels:
    """Places of classes `H W`, -1 for none, in the classes' colours."""
    return np.array([*colours, NOT_LABELLED], np.uint8)[labels]


def error_map(predicted: NDArray[np.integer], labels: NDArray[np.integer], trained: Mask | None = None) -> Pixels:
    """Where the labelled pixels of `labels` (-1: none) are predicted right and wrong; training pixels stand apart."""
    shown = np.array([WRONG, RIGHT], np.uint8)[(predicted == labels).astype(int)]
    if trained is not None:
        shown[trained] = TRAINED
    shown[labels < 0] = NOT_LABELLED
    return shown


def confidence_map(confidence: NDArray[np.floating], *, highest: float = 1.0, scale: str = CONFIDENCE) -> Pixels:
    """Values from 0 to `highest` on a colour scale; what is not finite counts as not valid."""
    import matplotlib  # not for those who write class ids alone

    shares = np.nan_to_num(np.asarray(confidence, np.float32) / max(highest, 1e-12), nan=0, posinf=1, neginf=0)
    table = (matplotlib.colormaps[scale](np.arange(256))[:, :3] * 255).round().astype(np.uint8)
    shown = table[np.clip(shares * 255, 0, 255).round().astype(np.uint8)]
    shown[~np.isfinite(confidence)] = NOT_LABELLED
    return shown


def bare_png(rgb: Pixels) -> bytes:
    """`H W 3` as a PNG of W x H pixels, nothing around it."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def indexed_png(ids: NDArray[np.uint8], colours: Mapping[int, Colour]) -> bytes:
    """`H W` ids as a PNG whose pixels are the ids, and whose palette has their colours."""
    image = Image.fromarray(ids).convert("P")
    image.putpalette([part for index in range(256) for part in colours.get(index, NOT_LABELLED)])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


LINE, SWATCH, MARGIN, LETTER = 18, 12, 16, 7.4  # pixels; a letter of the legend is about that wide, a Chinese one twice


def bare_svg(
    rgb: Pixels,
    names: Sequence[str],
    colours: Sequence[Colour],
    counts: Sequence[int] | None = None,
    *,
    title: str = "",
) -> bytes:
    """The raster at true pixel size, its pixels squares at any zoom, and beside it a legend that stays text.

    counts: pixels of each class, beside its name. title: what the picture is, for those who cannot see it.
    """
    from lissom.report.canvas import INK, PAPER

    height, width = rgb.shape[:2]
    words = [name if counts is None else f"{name}  {counts[index]:,}" for index, name in enumerate(names)]
    left = width + MARGIN
    all_wide = left + SWATCH + 8 + int(LETTER * max(map(_letters, words), default=0)) if words else width
    all_high = max(height, LINE * len(words))
    raster = base64.b64encode(bare_png(rgb)).decode()
    legend = "".join(_entry(word, colours[index], left, index * LINE) for index, word in enumerate(words))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{all_wide}" height="{all_high}" '
        f'viewBox="0 0 {all_wide} {all_high}">\n<title>{escape(title)}</title>\n'
        f'<rect width="100%" height="100%" style="fill: {PAPER}"/>\n'
        f'<image width="{width}" height="{height}" style="image-rendering: pixelated" '
        f'href="data:image/png;base64,{raster}"/>\n'
        f'<g style="font: 12px system-ui, sans-serif; fill: {INK}">\n{legend}</g>\n</svg>\n'
    ).encode()


def _letters(words: str) -> int:
    return sum(2 if char >= "⺀" else 1 for char in words)  # CJK radicals and all that follows is wide


def _entry(words: str, colour: Colour, left: float, top: float) -> str:
    from lissom.report.canvas import MUTED

    red, green, blue = colour
    fill = f"fill: rgb({red},{green},{blue}); stroke: {MUTED}; stroke-width: .5"
    return (
        f'<rect x="{left}" y="{top + 3}" width="{SWATCH}" height="{SWATCH}" style="{fill}"/>'
        f'<text x="{left + SWATCH + 6}" y="{top + 13}" xml:space="preserve">{escape(words)}</text>\n'
    )

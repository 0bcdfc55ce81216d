"""Sheets of images with captions: sample batches, the worst-classified images, what a network looks at."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from lissom.report.canvas import INK, ORANGE, bare, style
from lissom.report.lettering import Wording, label, latin, phrase

CELL, SIDE, LINE, TITLE, PAD = 1.25, 1.15, 0.15, 0.3, 0.04  # inches


def sheet(
    images: Sequence[np.ndarray],
    captions: Sequence[str] | None = None,
    *,
    columns: int = 8,
    title: str = "",
    wrong: Sequence[bool] | None = None,
) -> Figure:
    """A grid of images, each uint8 H W, H W 1 or H W 3, of any size; captions may have several lines.

    wrong: whose captions stand in the warning colour.
    """
    assert len(images), "no image to show"
    captions = captions or [""] * len(images)
    wrong = wrong or [False] * len(images)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    above = LINE * max(caption.count("\n") + 1 if caption else 0 for caption in captions)
    size = CELL * columns, (CELL + above) * rows + (TITLE if title else 0)
    with style():
        picture = Figure(figsize=size)
        axes = picture.add_axes((0, 0, 1, 1), xlim=(0, size[0]), ylim=(0, size[1]))  # one for all: each takes 10 ms
        bare(axes)
        axes.autoscale(False)
        for place, (image, caption, is_wrong) in enumerate(zip(images, captions, wrong, strict=True)):
            row, column = divmod(place, columns)
            centre, top = CELL * (column + 0.5), (CELL + above) * (rows - row) - above
            _show(axes, as_rgb(image), centre, top)
            colour = ORANGE if is_wrong else INK
            axes.text(centre, top + PAD, _lines(caption), fontsize=8, ha="center", va="bottom", color=colour)
        if title:
            axes.text(0.02, size[1], label(title, longest=90), fontsize=11, va="top")
    return picture


def _show(axes: Axes, image: np.ndarray, centre: float, top: float) -> None:
    """Below that point, as large as the cell allows."""
    high, wide = (SIDE * side / max(image.shape[:2]) for side in image.shape[:2])
    extent = (centre - wide / 2, centre + wide / 2, top - high, top)
    interpolation = "nearest" if max(image.shape[:2]) <= 64 else "antialiased"
    axes.imshow(image, extent=extent, aspect="auto", interpolation=interpolation)


def _lines(caption: str) -> str:
    """Each of its lines cut to the width of a cell."""
    here, plain = ([label(line, longest=18) for line in each.split("\n")] for each in (caption, latin(caption)))
    return Wording("\n".join(here), "\n".join(plain))


def worst(
    images: Sequence[np.ndarray],
    true: Sequence[str],
    predicted: Sequence[str],
    probabilities: Sequence[float],
    files: Sequence[str] | None = None,
    *,
    columns: int = 6,
    title: str = "",
) -> Figure:
    """The worst-classified images: true class, predicted class and the probability of that one, 0 to 1; file name."""
    captions = [
        phrase("{a}\n→ {b}\n{p:.1f} %" + "\n{file}" * bool(files), a=a, b=b, p=100 * p, file=file)
        for a, b, p, file in zip(true, predicted, probabilities, files or [""] * len(true), strict=True)
    ]
    wrong = [a != b for a, b in zip(true, predicted, strict=True)]
    return sheet(images, captions, columns=columns, title=title, wrong=wrong)


def overlay(image: np.ndarray, heat: np.ndarray, *, strength: float = 0.55) -> np.ndarray:
    """Heat, float h w of any size and range, laid over an image uint8 H W (C): uint8 H W 3.

    The heat is scaled to its own highest value; where it is zero or below, the image stays as it is.
    """
    rgb = as_rgb(image)
    heat = np.clip(np.nan_to_num(heat.astype(np.float32)), 0, None)
    heat = heat / max(float(heat.max()), 1e-12)
    size = (rgb.shape[1], rgb.shape[0])
    heat = np.asarray(Image.fromarray(heat).resize(size, Image.Resampling.BILINEAR))
    colours = matplotlib.colormaps["inferno"](heat)[..., :3] * 255  # H W 3
    share = strength * np.sqrt(heat)[..., None]
    return np.clip(rgb * (1 - share) + colours * share, 0, 255).round().astype(np.uint8)


def as_rgb(image: np.ndarray) -> np.ndarray:
    """uint8 H W, H W 1 or H W 3 -> H W 3."""
    assert image.dtype == np.uint8, f"{image.dtype}, expected uint8"
    image = image[..., None] if image.ndim == 2 else image
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image[..., :3]

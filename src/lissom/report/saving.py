"""Figures to files, each written whole or not at all."""

from pathlib import Path

from matplotlib.figure import Figure

from lissom.atomic import write_atomic
from lissom.report.canvas import to_png, to_svg


def save_picture(picture: Figure, stem: Path, *, vector: bool = True) -> None:
    """Writes `stem`.png, and `stem`.svg unless it is a sheet of pixels, for which `vector` is False."""
    write_atomic(stem.with_suffix(".png"), to_png(picture))
    if vector:
        write_atomic(stem.with_suffix(".svg"), to_svg(picture))

"""Figures to files, each written whole or not at all."""

from pathlib import Path

from matplotlib.figure import Figure

from lissom.report.canvas import render
from lissom.runs.folder import write_atomic


def save_picture(picture: Figure, stem: Path, *, vector: bool = True) -> None:
    """Writes `stem`.png, and `stem`.svg unless it is a sheet of pixels, for which `vector` is False."""
    rendered = render(picture)
    write_atomic(stem.with_suffix(".png"), rendered.png)
    if vector:
        write_atomic(stem.with_suffix(".svg"), rendered.svg)

"""Cubes kept as a table of spectra, bands x pixels or pixels x bands, beside their numbers of rows and columns."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from lissom.events import Note, note
from lissom.tasks.scene.data.interleave import CERTAIN, roughness
from lissom.tasks.scene.data.shapes import Shape

ROWS = ("nrow", "nrows", "rows", "lines", "nlines", "height", "h")
COLUMNS = ("ncol", "ncols", "cols", "columns", "samples", "nsamples", "width", "w")


def extent_beside(arrays: Mapping[str, Shape], get: Callable[[str], NDArray]) -> Shape | None:
    """Rows and columns, where single numbers of a file are named so; None: it has none."""
    single = {name.replace("/", ".").rpartition(".")[2].lower(): name for name in arrays if _single(arrays[name])}
    sides = [next((single[word] for word in words if word in single), None) for words in (ROWS, COLUMNS)]
    numbers = [int(np.asarray(get(name)).item()) for name in sides if name is not None]
    return tuple(numbers) if len(numbers) == 2 and min(numbers) > 1 else None


def tables(arrays: Mapping[str, Shape], extent: Shape) -> dict[str, Shape]:
    """The arrays that hold one spectrum for each pixel of `extent`, as the cubes that they are."""
    pixels = extent[0] * extent[1]
    found = {name: shape for name, shape in arrays.items() if len(shape) == 2 and pixels in shape and min(shape) > 1}
    return {name: (*extent, shape[0] if shape[1] == pixels else shape[1]) for name, shape in found.items()}


def unrolled(table: NDArray, extent: Shape, *, order: str, name: str) -> tuple[NDArray, Note]:
    """The cube H W bands of a table, pixels counted as its program does ("F": down the columns, as MATLAB; "C": along
    the rows), unless the cube is far smoother the other way; and what was done."""
    rows, columns = extent
    pixels = table.T if table.shape[1] == rows * columns else table
    cubes = {
        "F": pixels.reshape(columns, rows, -1).transpose(1, 0, 2),
        "C": pixels.reshape(rows, columns, -1),
    }
    other = "C" if order == "F" else "F"
    if min(extent) > 1 and min(cubes[order].shape) > 1 and roughness(cubes[order]) > CERTAIN * roughness(cubes[other]):
        order = other
    kind = "scene_files.by-columns" if order == "F" else "scene_files.by-rows"
    return cubes[order], note(kind, name=name, rows=rows, columns=columns)


def _single(shape: Shape) -> bool:
    return all(side == 1 for side in shape)

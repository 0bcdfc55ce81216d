"""Where the bands stand in an array whose format does not say it: last, as everywhere here, or first."""

from dataclasses import replace
from typing import Literal

import numpy as np

from lissom.errors import UsageError
from lissom.events import note
from lissom.tasks.scene.data.layers import Layer
from lissom.tasks.scene.data.shapes import Shape

Axis = Literal["auto", "first", "last"]


def bands_last(layer: Layer, *, axis: Axis, extent: Shape | None, bands: int | None, source: str) -> Layer:
    """The layer as H W bands, and a note where its bands came first, or may have.

    `auto` is decided by what fits one order alone: `extent`, H W of its map; else its number of wavelengths; else
    `bands`, those of a run. Where nothing does, bands are last.
    Raises: UsageError for an axis that is stated of a format that knows its own.
    """
    if layer.values.ndim != 3:
        return layer  # refused as no cube
    if not layer.plain:
        if axis != "auto":
            raise UsageError("scene-bands-axis", path=source, got=axis)
        return layer
    shape = " x ".join(map(str, layer.values.shape))
    by = _first(layer, extent, bands) if axis == "auto" else "stated" if axis == "first" else None
    if by == "both":
        return replace(layer, notes=(*layer.notes, note("scene_files.bands-either", path=source, shape=shape)))
    if by is None:
        return layer
    told = note("scene_files.bands-first", path=source, shape=shape, by=note(f"scene_files.by-{by}"))
    return replace(layer, values=np.moveaxis(layer.values, 0, 2), notes=(*layer.notes, told))


def _first(layer: Layer, extent: Shape | None, bands: int | None) -> str | None:
    """What says that the bands are first; "both": what is known fits either order; None: nothing says so."""
    shape, nm = layer.values.shape, layer.wavelengths_nm
    counts = {"wavelengths": None if nm is None else len(nm), "run": bands}
    evidence = [("map", shape[:2] == extent, shape[1:] == extent)]
    evidence += [(by, shape[2] == count, shape[0] == count) for by, count in counts.items()]
    for by, last, first in evidence:
        if last != first:
            return by if first else None
    return "both" if any(first for _, _, first in evidence) else None

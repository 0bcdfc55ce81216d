"""The range of every image of more than 8 bits of a source, found once and kept in the cache. No torch here."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lissom.data.files import Unreadable, read_values
from lissom.data.sealed import is_sound, sealing
from lissom.data.side_by_side import look_at_each
from lissom.data.sources import Images
from lissom.errors import MachineError
from lissom.events import Advanced, Listener

CHUNK = 64  # images between two events

Ranges = NDArray[np.float64]
"""N 2: lowest and highest value; nan for an image that cannot be read."""


def read_ranges(source: Images, indices: NDArray[np.int64], path: Path, *, workers: int, listener: Listener) -> Ranges:
    """Those of the images `indices`, decoded by `workers` threads or processes, unless the file at `path` has them.

    Unreadable ones are named where all images are decoded.
    """
    if is_sound(path):
        return np.load(path)
    found: list[tuple[float, float]] = []
    for some in look_at_each(lambda at: _range(source, int(indices[at])), len(indices), workers=workers, chunk=CHUNK):
        found += some
        listener(Advanced(what="images", done=len(found), total=len(indices)))
    ranges = np.array(found, np.float64)
    try:
        with sealing(path) as file:
            np.save(file, ranges)
    except MachineError as error:  # a cache that cannot be written costs time alone
        if error.kind == "cache-not-ours":
            raise
    return ranges


def _range(source: Images, index: int) -> tuple[float, float]:
    try:
        data = source.read(index)
        values = read_values(data) if isinstance(data, bytes) else None
    except Unreadable:
        values = None
    return (values.low, values.high) if values else (np.nan, np.nan)

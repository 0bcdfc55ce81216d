"""A scene: a cube H W bands, perhaps larger than memory, with a map of classes, and what is known of both."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.events import Note
from lissom.tasks.scene.data.scale import Scale

STRIP_BYTES = 32 << 20  # of the cube in memory at once, whatever its size
MOST_CLASSES = 1000  # a map with more distinct values holds measurements, not classes

Colour = tuple[int, int, int]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Georeference:
    """Where a scene lies: `x = a column + b row + c`, `y = d column + e row + f` of a pixel's upper left corner."""

    crs_wkt: str
    """Well-known text or an authority's code ("EPSG:32632"); empty where the file gives none."""
    transform: tuple[float, float, float, float, float, float]
    """a, b, c, d, e, f in units of that system."""
    map_info: tuple[str, ...] = ()
    """The words of an ENVI header's `map info`, so that they can be written back unchanged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A cube H W bands and its ground truth. Made by `open_scene`, or by `synthetic_scene`."""

    cube: NDArray
    """H W bands, any real type, perhaps a memory map or a `PieceCube`: read it in `row_strips`."""
    ground_truth: NDArray[np.integer] | None = None
    """H W class ids; as in the file, unless maps of training and test pixels are laid over it."""
    maps: Mapping[str, NDArray[np.integer]] = field(default_factory=dict)
    """H W class ids as the files hold them, by the setting that names each."""
    unlabelled: int = 0
    """The id of pixels whose class is not known."""
    class_ids: tuple[int, ...] = ()
    """Ids of usable pixels, sorted, without `unlabelled`; they need not be contiguous."""
    class_names: tuple[str, ...] = ()
    """Beside `class_ids`."""
    colours: tuple[Colour, ...] = ()
    """Beside `class_ids`: red, green, blue, 0 to 255."""
    wavelengths_nm: NDArray[np.float64] | None = None
    """Centre of each band in nanometres."""
    good_bands: Mask | None = None
    """False for bands that the file's own list calls bad; None: no such list."""
    scale: Scale | None = None
    """What makes its stored values the measured ones; None: they are."""
    empty: Mask | None = None
    """True for bands without a value in any pixel; None: there is none."""
    valid: Mask
    """H W; False where a value is NaN, infinite or no data."""
    name: str
    source: str
    georeference: Georeference | None = None
    notes: tuple[Note, ...] = ()
    """What is odd about its files, and what was done about it."""

    @property
    def height(self) -> int:
        return self.cube.shape[0]

    @property
    def width(self) -> int:
        return self.cube.shape[1]

    @property
    def bands(self) -> int:
        return self.cube.shape[2]

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """H W: indices into `class_ids`, -1 where unlabelled or not valid."""
        if self.ground_truth is None or not self.class_ids:
            return np.full(self.cube.shape[:2], -1, np.int64)
        ids = np.array(self.class_ids)
        indices = np.searchsorted(ids, self.ground_truth).clip(max=len(ids) - 1)
        return np.where((ids[indices] == self.ground_truth) & self.valid, indices, -1)

    @cached_property
    def items(self) -> dict[str, str]:
        """The digest of the cube and of each map, by the setting that names its file."""
        maps = {name: map_digest(ids, unlabelled=self.unlabelled) for name, ids in self.maps.items()}
        return {"cube": cube_digest(self.cube, self.valid), **maps}

    @property
    def digest(self) -> str:
        """Of all that it is made of."""
        return hashlib.blake2b(repr(sorted(self.items.items())).encode(), digest_size=16).hexdigest()


def cube_digest(cube: NDArray, valid: Mask) -> str:
    """Of the values and of the pixels that hold data: equal in any file format, byte order or layout."""
    hashed = hashlib.blake2b(digest_size=16)
    hashed.update(repr((cube.shape, cube.dtype.newbyteorder("<").str)).encode())
    for rows in row_strips(cube):
        strip = cube[rows]
        hashed.update(np.ascontiguousarray(strip, dtype=strip.dtype.newbyteorder("<")).data)
    hashed.update(np.packbits(valid).data)
    return hashed.hexdigest()


def map_digest(ids: NDArray[np.integer], *, unlabelled: int) -> str:
    """Of class ids H W, of whatever type, and of the one that means none."""
    hashed = hashlib.blake2b(repr((ids.shape, unlabelled)).encode(), digest_size=16)
    hashed.update(np.ascontiguousarray(ids, dtype="<i8").data)
    return hashed.hexdigest()


def row_strips(cube: NDArray, *, strip_bytes: int = STRIP_BYTES) -> Iterator[slice]:
    """Slices of rows, in order, each of at most `strip_bytes` of the cube, and of one row at least."""
    rows = max(1, strip_bytes * len(cube) // max(1, cube.nbytes))
    for start in range(0, cube.shape[0], rows):
        yield slice(start, min(start + rows, cube.shape[0]))


def empty_bands(cube: NDArray, no_data: float | None) -> Mask | None:
    """True for bands whose values are NaN, infinite or no data in every pixel; None: there is none."""
    floating = np.issubdtype(cube.dtype, np.floating)
    if not floating and no_data is None:
        return None
    empty = np.ones(cube.shape[2], bool)
    for rows in row_strips(cube):
        strip = cube[rows][..., empty]
        held = ~np.isfinite(strip) if floating else np.zeros(strip.shape, bool)
        if no_data is not None:
            held |= strip == no_data
        empty[empty] = held.all((0, 1))
        if not empty.any():
            return None
    return None if empty.all() else empty


def valid_mask(cube: NDArray, *, good_bands: Mask | None = None, no_data: float | None = None, source: str) -> Mask:
    """H W: where every good band is finite and holds data. Whole numbers without `no_data` are not even read.

    0 can be a measurement, that of a dark band, so it is no data only where all bands are 0. Any other `no_data`
    value masks a pixel as soon as one band holds it.
    Raises: DataError for a band without a single finite value, or a scene without a single valid pixel.
    """
    floating = np.issubdtype(cube.dtype, np.floating)
    valid = np.ones(cube.shape[:2], bool)
    if not floating and no_data is None:
        return valid
    good = np.arange(cube.shape[2]) if good_bands is None else np.flatnonzero(good_bands)
    alive = np.full(len(good), not floating)
    for rows in row_strips(cube):
        strip = cube[rows] if len(good) == cube.shape[2] else cube[rows][..., good]
        if floating:
            finite = np.isfinite(strip)
            alive |= finite.any((0, 1))
            valid[rows] = finite.all(2)
        if no_data is not None and not np.isnan(no_data):
            valid[rows] &= ~_without_data(strip, no_data)
    if not alive.all():
        raise DataError("scene-band-all-nan", path=source, bands=listed_bands(good[~alive]))
    if not valid.any():
        raise DataError("scene-all-masked", path=source)
    return valid


def _without_data(strip: NDArray, no_data: float) -> Mask:
    held = strip == no_data
    return held.all(2) if no_data == 0 else held.any(2)


def present_ids(ground_truth: NDArray[np.integer], valid: Mask, *, unlabelled: int, source: str) -> tuple[int, ...]:
    """The class ids of valid pixels, sorted. Raises: DataError for no labels, or too many to be classes."""
    ids = [int(value) for value in np.unique(ground_truth[valid]) if value != unlabelled]
    if not ids:
        raise DataError("scene-no-labels", path=source, unlabelled=unlabelled)
    if len(ids) > MOST_CLASSES:
        raise DataError("scene-not-a-map", path=source, count=len(ids), most=MOST_CLASSES)
    return tuple(ids)


def check_trainable(scene: Scene) -> None:
    """Raises: DataError where there is no ground truth, or a single class, so that nothing can be learned."""
    if scene.ground_truth is None:
        raise DataError("scene-no-ground-truth", path=scene.source)
    if len(scene.class_ids) < 2:
        ids = ", ".join(map(str, scene.class_ids))
        raise DataError("scene-one-class", path=scene.source, name=", ".join(scene.class_names), id=ids)


def listed_bands(indices: NDArray[np.integer], *, most: int = 12) -> str:
    """Numbers of bands for people, from 1, runs drawn together: "1-3, 7"."""
    runs: list[list[int]] = []
    for number in (np.asarray(indices) + 1).tolist():
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    return ", ".join(words[:most]) + (f", +{len(words) - most}" if len(words) > most else "")

"""What is done to the spectra before a network sees them, learned once and kept with the run.

Savitzky-Golay smoothing, standardisation, selection of bands and projection on principal components are all linear, so
what was learned is one mean spectrum and one matrix: a strip of any cube goes through a single product.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.atomic import write_atomic
from lissom.errors import DataError, UsageError
from lissom.events import Note, note
from lissom.runs.arrays import read_arrays
from lissom.tasks.scene.data.scale import Scale
from lissom.tasks.scene.settings import SceneConfig

KEPT = {"mean": ("f", 1), "matrix": ("f", 2), "explained": ("f", 0), "fit_on": ("U", 0), "pixels": ("iu", 0)}
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
STRIP = 1 << 21  # values of a cube that are float64 at a time: 16 MB
ORDER = 2  # of Savitzky and Golay's polynomial: the lowest that keeps an absorption's depth
FLAT = 1e-12  # a direction with less of the largest variance than this is rounding


class Source(NamedTuple):
    """Spectra to learn from."""

    pixels: NDArray[Any]  # ... bands
    where: Mask | None = None  # `...`: those that count; None: all
    bands: NDArray[np.intp] | None = None  # indices of those that stand for the first source's; None: all, in order
    scale: Scale | None = None  # of all its bands, as they are stored


@dataclass(frozen=True)
class Fitted:
    """What was learned: `(spectrum - mean) @ matrix`, and from which pixels."""

    mean: Floats  # bands
    matrix: Floats  # bands components
    explained: float  # share of the (standardised) variance that the components keep; 1 without them
    fit_on: str  # "train" or "scene"
    pixels: int
    typical: Floats | None = None  # 2 bands: mean and std of the values; None: a run from before they were kept

    @property
    def bands(self) -> int:
        """Bands that a spectrum must have."""
        return self.matrix.shape[0]

    @property
    def components(self) -> int:
        """Channels that come out."""
        return self.matrix.shape[1]

    @property
    def note(self) -> Note:
        """Who was looked at, and what was learned: components, or the mean and deviation of each band."""
        if not self.mean.any():
            return note("scene_fit.nothing")
        if self.explained == 1:
            return note(f"scene_fit.bands-{self.fit_on}", pixels=self.pixels)
        return note(f"scene_fit.on-{self.fit_on}", pixels=self.pixels, share=f"{100 * self.explained:.2f}")

    def apply(
        self, array: NDArray[Any], valid: Mask | None = None, bands: NDArray[np.intp] | None = None
    ) -> NDArray[np.float32]:
        """`array ... bands` -> float32 `... components`, a strip at a time: a memory-mapped cube is never loaded whole.

        bands: of another sensor's array, the indices of those that stand for the bands that the fit was made on.
        Pixels with a NaN or infinite band, and those that `valid` leaves out, become 0: the mean of what was fitted,
        and what windows hold beyond the scene's border.
        Raises: DataError for another number of bands.
        """
        whole = bands is None or np.array_equal(bands, np.arange(array.shape[-1]))
        if whole and array.shape[-1] != self.bands:
            raise DataError("scene-other-bands", got=array.shape[-1], expected=self.bands)
        out = np.empty((*array.shape[:-1], self.components), np.float32)
        for rows in strips(array):
            taken = array[rows] if whole else np.asarray(array[rows])[..., bands]
            strip = np.asarray(taken, np.float64) - self.mean
            strip[..., ~self.matrix.any(1)] = 0  # a band that is not used may hold anything
            strip[~np.isfinite(strip).all(-1)] = 0
            out[rows] = strip @ self.matrix
        if valid is not None:
            out[~valid] = 0
        return out

    def of_stored(self, scale: Scale | None, bands: NDArray[np.intp] | slice = np.s_[:]) -> "Fitted":
        """The same for values as a file stores them, before its `scale`: folded in, it costs no pass over the cube.

        bands: of another cube, as in `apply`.
        """
        if scale is None:
            return self
        gain, offset = scale.gain[bands], scale.offset[bands]
        return replace(self, mean=(self.mean - offset) / gain, matrix=self.matrix * gain[:, None], typical=None)

    def save(self, path: Path | str) -> None:
        """Writes an .npz that `load` reads back bit for bit. Raises: MachineError where it cannot be written."""
        held = io.BytesIO()
        np.savez(held, **{name: value for name, value in vars(self).items() if value is not None})
        write_atomic(path, held.getvalue())


def load(path: Path | str) -> Fitted:
    """What `Fitted.save` has written. Raises: DataError when the file is missing, damaged or another's."""
    kept = read_arrays(Path(path), KEPT, {"typical": ("f", 2)}, error="scene-preprocess-unreadable")
    typical, bands, (rows, components) = kept.get("typical"), len(kept["mean"]), kept["matrix"].shape
    fits = rows == bands and components > 0 and (typical is None or typical.shape == (2, bands))
    if not fits or not all(np.isfinite(kept[name]).all() for name in ("mean", "matrix")):
        raise DataError("scene-preprocess-unreadable", path=path, reason=note("scene_fit.misfit"))
    mean, matrix = kept["mean"].astype(np.float64), kept["matrix"].astype(np.float64)
    return Fitted(mean, matrix, float(kept["explained"]), str(kept["fit_on"]), int(kept["pixels"]), typical)


def fit_scene(
    config: SceneConfig,
    cube: NDArray[Any],
    *,
    train: Mask,
    valid: Mask,
    left_out: Mask | None = None,
    others: Sequence[Source] = (),
    scale: Scale | None = None,
) -> Fitted:
    """`fit` on the pixels that `config.fit_on` names: those that train, or all valid ones. Masks are `H W`."""
    where = (train & valid) if config.fit_on == "train" else valid
    return fit(config, cube, where=where, left_out=left_out, others=others, scale=scale)


def fit(
    config: SceneConfig,
    pixels: NDArray[Any],
    *,
    where: Mask | None = None,
    left_out: Mask | None = None,
    others: Sequence[Source] = (),
    scale: Scale | None = None,
) -> Fitted:
    """Learns the preprocessing from `pixels ... bands`, those of `where` (`...`) alone if it is given, and of `others`
    alike, as if the bands `left_out` were not there; scale: of `pixels` as they are stored.

    Two passes in strips, in float64: the mean, then the covariance about it. Without a network to ask, `reduction` auto
    is the selection that `bands` names, or else principal components.
    Raises: DataError for more components than bands, pixels or directions, for a window of smoothing wider than
    the spectrum, and for pixels that are not finite; UsageError for bands that are not there.
    """
    if config.reduction == "auto":
        config = replace(config, reduction="bands" if config.bands else "pca")
    sources = [Source(pixels, where, scale=scale), *others]
    bands, count = pixels.shape[-1], sum(map(_count, sources))
    kept = np.arange(bands) if left_out is None else np.flatnonzero(~left_out)
    taken = _taken(config, bands, kept)
    _check(config, len(kept), len(taken), count)
    smooth = np.zeros((bands, bands))
    smooth[np.ix_(kept, kept)] = _smoothing(config.smooth, len(kept))
    unused = np.ones(bands, bool)
    unused[kept if config.smooth else taken] = False  # smoothing needs the neighbours
    mean, squares = np.zeros((2, bands))
    for part in _parts(sources):
        mean += part.sum(0) / count
        squares += (part**2).sum(0) / count
    typical = np.stack([mean, np.sqrt(np.maximum(squares - mean**2, 0))])
    mean[unused] = 0
    if not np.isfinite(mean).all():
        raise DataError("scene-fit-not-finite", bands=_some(np.flatnonzero(~np.isfinite(mean)) + 1))
    covariance = np.zeros((bands, bands))
    for part in _parts(sources):
        part[:, unused] = 0
        centred = (part - mean) @ smooth
        covariance += centred.T @ centred / max(count - 1, 1)
    return replace(_reduced(config, mean, smooth, covariance, count, taken), typical=typical)


def _taken(config: SceneConfig, bands: int, kept: NDArray[np.intp]) -> NDArray[np.intp]:
    """The bands that are kept as they are, or that become components. Raises: UsageError where none is."""
    if config.bands:
        named = chosen_bands(config, bands)
        taken = named[np.isin(named, kept)]
        if not len(taken):
            raise UsageError("scene-bands-unknown", got=config.bands, bands=len(kept))
        return taken
    if config.reduction == "bands" and config.components <= len(kept):
        return kept[chosen_bands(config, len(kept))]
    return kept


def chosen_bands(config: SceneConfig, bands: int) -> NDArray[np.int64]:
    """Places, from 0, of the bands that a selection keeps. Raises: UsageError for a text or a band that is none."""
    if not config.bands:
        return np.linspace(0, bands - 1, config.components).round().astype(np.int64)
    try:
        ends = [[int(end) for end in part.split("-")] for part in config.bands.split(",")]
        indices = [number - 1 for low, *high in ends for number in range(low, (high or [low])[-1] + 1)]
        inside = all(0 <= index < bands for index in indices) and max(map(len, ends)) <= 2
    except ValueError:
        indices, inside = [], False
    if not inside or not indices:
        raise UsageError("scene-bands-unknown", got=config.bands, bands=bands)
    return np.unique(indices).astype(np.int64)


def strips(array: NDArray[Any]) -> Iterator[slice]:
    """Slices along the first axis, each of about `STRIP` values."""
    step = max(1, STRIP * len(array) // max(1, array.size))
    return (slice(top, top + step) for top in range(0, len(array), step))


def _reduced(
    config: SceneConfig, mean: Floats, smooth: Floats, covariance: Floats, count: int, taken: NDArray[np.intp]
) -> Fitted:
    """The matrix of the whole chain, from the covariance of the smoothed spectra."""
    bands = len(mean)
    standardise = config.reduction != "pca" if config.standardise is None else config.standardise
    scale = np.ones(bands)
    if standardise:
        variance = np.diag(covariance) * (count - 1) / count  # scikit-learn's; a constant band stays as it is
        scale = np.where(variance > 0, 1 / np.sqrt(np.where(variance > 0, variance, 1)), 1.0)
    matrix, explained = (smooth * scale)[:, taken], 1.0
    if config.reduction == "pca":
        projection, explained = _principal(config, (covariance * np.outer(scale, scale))[np.ix_(taken, taken)])
        matrix = matrix @ projection
    centre = mean if standardise or config.reduction == "pca" else np.zeros(bands)
    return Fitted(centre, matrix, explained, config.fit_on, count)


def _principal(config: SceneConfig, covariance: Floats) -> tuple[Floats, float]:
    """(directions as columns, share of the variance), each direction's largest entry positive: the sign is free."""
    variances, directions = np.linalg.eigh(covariance)  # ascending
    kept = variances[::-1][: config.components]
    directions = directions[:, ::-1][:, : config.components]
    largest = directions[np.abs(directions).argmax(0), np.arange(len(kept))]
    directions = directions * np.sign(largest)
    if config.whiten:
        spanned = int((variances > FLAT * variances[-1]).sum())
        if spanned < config.components:
            raise DataError("scene-components-directions", got=config.components, expected=spanned)
        directions = directions / np.sqrt(kept)
    return directions, float(kept.sum() / max(variances.sum(), np.finfo(float).tiny))


def _check(config: SceneConfig, bands: int, taken: int, count: int) -> None:
    if not count:
        raise DataError("scene-fit-no-pixels")
    if config.smooth > bands:
        raise DataError("scene-smooth-too-wide", got=config.smooth, bands=bands)
    counted = config.reduction == "pca" or (config.reduction == "bands" and not config.bands)
    if counted and config.components > taken:
        raise DataError("scene-components-bands", got=config.components, expected=taken)
    if config.reduction == "pca" and config.components > count:
        raise DataError("scene-components-pixels", got=config.components, expected=count)


def _count(source: Source) -> int:
    return int(source.where.sum()) if source.where is not None else int(np.prod(source.pixels.shape[:-1]))


def _parts(sources: Sequence[Source]) -> Iterator[Floats]:
    """The chosen pixels of one source after the other, in strips: float64 `n bands`."""
    for pixels, where, bands, scale in sources:
        for rows in strips(pixels):
            if where is None:
                part = np.array(pixels[rows], np.float64).reshape(-1, pixels.shape[-1])
            elif where[rows].any():
                part = pixels[rows][where[rows]].astype(np.float64)
            else:
                continue
            if scale is not None:
                part = scale.of(part)
            yield part if bands is None else part[:, bands]


def _smoothing(window: int, bands: int) -> Floats:
    """`spectrum @ matrix` is the smoothed spectrum; the ends follow the last full window's polynomial."""
    one = np.eye(bands)
    if not window:
        return one
    from scipy.signal import savgol_filter  # a second and a half to import, for those who smooth

    return np.asarray(savgol_filter(one, window, ORDER, axis=1), np.float64)


def _some(indices: NDArray[Any]) -> str:
    return ", ".join(map(str, indices[:5])) + (", ..." if len(indices) > 5 else "")

"""What a file says its stored values mean: `value = stored * gain + offset`, by band.

Fields are those of ENVI's header documentation (`reflectance scale factor`, `data gain values` ...), of GDAL's bands
(scale, offset) and of the PRISMA products specification. The cube stays as it is stored, and so does what is compared
with its no-data value; the scale joins where values become float64.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.events import Note, note

SHOWN = 3  # values of a long list in an error

Floats = NDArray[np.float64]


class Line(NamedTuple):
    """A field of a file with its values: one for all bands, or one for each; NaN stands for what is no number."""

    name: str
    values: tuple[float, ...]
    divides: bool = False
    """Stored values are divided by these, not multiplied."""


class Said(NamedTuple):
    """One way in which a file gives its scale."""

    gain: Line | None = None
    offset: Line | None = None

    @property
    def name(self) -> str:
        return ", ".join(line.name for line in self if line)


@dataclass(frozen=True, eq=False)
class Scale:
    """`stored * gain + offset`, both for each band."""

    gain: Floats
    """Finite, and nowhere 0."""
    offset: Floats
    notes: tuple[Note, ...] = ()
    """Who says so, and what was passed over."""
    said: str = ""
    """The field, or the setting."""

    def of(self, stored: NDArray, bands: NDArray[np.intp] | slice = np.s_[:]) -> Floats:
        """The values `... n` of stored ones, which are those of `bands`."""
        return stored * self.gain[bands] + self.offset[bands]

    @property
    def kept_gain(self) -> tuple[float, ...]:
        """For a run, as long as `kept_offset`: one number where both are those of all bands."""
        return self._kept(self.gain)

    @property
    def kept_offset(self) -> tuple[float, ...]:
        return self._kept(self.offset)

    def _kept(self, values: Floats) -> tuple[float, ...]:
        uniform = all((side == side[0]).all() for side in (self.gain, self.offset))
        return (float(values[0]),) if uniform else tuple(values.tolist())


def kept_scale(gain: Sequence[float], offset: Sequence[float], bands: int) -> Scale | None:
    """The scale that a run keeps of a scene; None: its values are as stored."""
    return Scale(_spread(gain, bands), _spread(offset, bands)) if gain else None


def given_scale(factor: float, bands: int) -> Scale | None:
    """The scale that a setting names, whatever the file says; None for 1."""
    told = note("scene_files.scaled", scale=f"x {factor:g}", said="--scale")
    return None if factor == 1 else Scale(np.full(bands, factor), np.zeros(bands), (told,), "--scale")


def said_scale(said: Sequence[Said], bands: int, good: NDArray[np.bool_], source: str) -> Scale | None:
    """The scale of a file, whose ways of giving one stand in the order in which they count; None: it gives none.

    Where two differ the first one counts, and a note says so: reflectance is often written under the gains of the
    radiance that it was made from. Gains of 1 without offsets say nothing. Bands that are not `good` may lack a gain.
    Raises: DataError for a field without a usable number for each good band.
    """
    found = [(each.name, _resolved(each, bands, good, source)) for each in said]
    found = [(name, scale) for name, scale in found if (scale.gain != 1).any() or scale.offset.any()]
    if not found:
        return None
    (name, first), *others = found
    told = [note("scene_files.scaled", scale=_words(first), said=name)]
    other = [name for name, scale in others if not _same(scale, first)]
    if other:
        told.append(note("scene_files.scale-other", said=name, other=", ".join(other)))
    return Scale(first.gain, first.offset, tuple(told), name)


def _resolved(said: Said, bands: int, good: NDArray[np.bool_], source: str) -> Scale:
    gain, offset = _numbers(said.gain, 1.0, bands, source), _numbers(said.offset, 0.0, bands, source)
    for line, wrong in ((said.gain, ~np.isfinite(gain) | (gain == 0)), (said.offset, ~np.isfinite(offset))):
        if line and (wrong & good).any():
            raise _wrong(line, bands, source)
    gain = np.where(np.isfinite(gain) & (gain != 0), gain, 1.0)
    gain = 1 / gain if said.gain and said.gain.divides else gain
    return Scale(gain, np.where(np.isfinite(offset), offset, 0.0))


def _numbers(line: Line | None, default: float, bands: int, source: str) -> Floats:
    if line is None:
        return np.full(bands, default)
    if len(line.values) not in (1, bands):
        raise _wrong(line, bands, source)
    return _spread(line.values, bands)


def _spread(values: Sequence[float], bands: int) -> Floats:
    return np.broadcast_to(np.array(values, np.float64), bands)


def _wrong(line: Line, bands: int, source: str) -> DataError:
    shown = ", ".join(f"{value:g}" for value in line.values[:SHOWN]) + (", ..." if len(line.values) > SHOWN else "")
    return DataError("scene-scale", path=source, line=line.name, got=shown, count=len(line.values), bands=bands)


def _same(one: Scale, other: Scale) -> bool:
    return np.allclose(one.gain, other.gain, rtol=1e-5, atol=0) and np.allclose(one.offset, other.offset, atol=1e-9)


def _words(scale: Scale) -> str:
    gain, offset = _span(scale.gain), _span(scale.offset)
    return f"x {gain}" + (f" + {offset}" if scale.offset.any() else "")


def _span(values: Floats) -> str:
    low, high = f"{values.min():.6g}", f"{values.max():.6g}"
    return low if low == high else f"({low} ... {high})"

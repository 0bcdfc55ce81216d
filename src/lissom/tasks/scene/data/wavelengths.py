"""Wavelengths that cannot be true: a band without one, or one that stands out of the line of its neighbours."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from lissom.events import Note, note
from lissom.tasks.scene.data.scene import Mask, listed_bands
from lissom.tasks.scene.data.shapes import Shape

NAMES = ("wavelength", "wavelengths", "wavelengths_nm", "wavelength_nm", "wl", "wvl", "lambda")
LONGEST_UM = 30.0  # optical bands lie from 0.2 to 15 µm, so smaller numbers without a unit are µm, larger ones nm
UNORDERED = 0.25  # share of the steps that go back; half of them do where bands are shuffled
FAR = 3  # median steps from between its neighbours: real spectrometers change their step slowly


def beside(
    arrays: Mapping[str, Shape], get: Callable[[str], NDArray], counts: tuple[int, ...]
) -> NDArray[np.float64] | None:
    """Band centres in nm from the one list of a file that is named so and has one of these lengths; None: none has."""
    found = [name for name, shape in arrays.items() if _last(name) in NAMES and math.prod(shape) == max(shape) > 1]
    lists = [np.ravel(get(name)).astype(np.float64) for name in found if max(arrays[name]) in counts]
    if len(lists) != 1 or not np.isfinite(lists[0]).all():
        return None
    return lists[0] * (1e3 if np.median(lists[0]) < LONGEST_UM else 1.0)


def _last(name: str) -> str:
    return name.replace("/", ".").rpartition(".")[2].lower()


def oddities(wavelengths_nm: NDArray[np.float64] | None) -> tuple[Note, ...]:
    """Of band centres in nm: which are 0 or no number, and which look misprinted, or that they are in no order."""
    if wavelengths_nm is None:
        return ()
    missing, wrong, against = without(wavelengths_nm), misprinted(wavelengths_nm), turns(wavelengths_nm)
    notes = [note("scene_files.no-wavelength", bands=listed_bands(np.flatnonzero(missing)))] if missing.any() else []
    if against:
        notes.append(note("scene_files.unordered", count=against, steps=int((~missing).sum()) - 1))
    elif wrong.any():
        values = ", ".join(f"{value:g}" for value in wavelengths_nm[wrong][:5])
        notes.append(note("scene_files.misprint", bands=listed_bands(np.flatnonzero(wrong)), values=values))
    return tuple(notes)


def turns(wavelengths_nm: NDArray[np.float64]) -> int:
    """How many steps from a band to the next go against the others, where they are so many that it is no misprint and
    no overlap of spectrometers: bands in another order; else 0."""
    steps = np.diff(wavelengths_nm[~without(wavelengths_nm)])
    against = int(min((steps < 0).sum(), (steps > 0).sum()))
    return against if against > UNORDERED * len(steps) and len(steps) > 3 else 0


def without(wavelengths_nm: NDArray[np.float64]) -> Mask:
    """Bands whose wavelength is 0, negative or no number."""
    return ~(np.isfinite(wavelengths_nm) & (wavelengths_nm > 0))


def misprinted(wavelengths_nm: NDArray[np.float64]) -> Mask:
    """Bands off the line of their neighbours, which are in line with each other.

    Where two spectrometers overlap their wavelengths step back, but then the neighbours are out of order as well.
    """
    there = np.flatnonzero(~without(wavelengths_nm))
    wrong = np.zeros(len(wavelengths_nm), bool)
    if len(there) < 4:
        return wrong
    nm = wavelengths_nm[there]
    step = float(np.median(np.diff(nm)))
    before, here, after = nm[:-2] / step, nm[1:-1] / step, nm[2:] / step
    between = (before < here) & (here < after)
    wrong[there[1:-1]] = (before < after) & ~between & (np.abs(here - (before + after) / 2) > FAR) if step else False
    for end, neighbour in ((0, 1), (-1, -2)):
        away = (nm[neighbour] - nm[end]) / step * (1 if end == 0 else -1) if step else 0.0
        wrong[there[end]] = away < 0 and not wrong[there[neighbour]]
    return wrong

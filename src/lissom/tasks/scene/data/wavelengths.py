"""Wavelengths that cannot be true: a band without one, or one that stands out of the line of its neighbours."""

import numpy as np
from numpy.typing import NDArray

from lissom.events import Note, note
from lissom.tasks.scene.data.scene import Mask, listed_bands

FAR = 3  # median steps from between its neighbours: real spectrometers change their step slowly


def oddities(wavelengths_nm: NDArray[np.float64] | None) -> tuple[Note, ...]:
    """Of band centres in nm: which are 0 or no number, and which look misprinted."""
    if wavelengths_nm is None:
        return ()
    missing, wrong = without(wavelengths_nm), misprinted(wavelengths_nm)
    notes = [note("scene_files.no-wavelength", bands=listed_bands(np.flatnonzero(missing)))] if missing.any() else []
    if wrong.any():
        values = ", ".join(f"{value:g}" for value in wavelengths_nm[wrong][:5])
        notes.append(note("scene_files.misprint", bands=listed_bands(np.flatnonzero(wrong)), values=values))
    return tuple(notes)


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

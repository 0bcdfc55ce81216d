"""The spectra of the classes: mean, and one standard deviation to either side."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lissom.report.canvas import figure, style
from lissom.report.lettering import label, word
from lissom.tasks.scene.pictures.colours import Colour

MOST_BANDS_SHADED = 12  # classes; beyond, the shades cover each other
MANY_BANDS = 40  # with fewer, wide steps are the sensor's own
GAP = 2.5  # median steps between bands: a wider one lost bands, to water vapour for example


def gaps(wavelengths_nm: NDArray[np.floating]) -> NDArray[np.intp]:
    """Places among the bands, sorted by wavelength, before which bands are missing."""
    steps = np.diff(np.sort(wavelengths_nm))
    if len(steps) < MANY_BANDS:
        return np.zeros(0, np.intp)
    return np.flatnonzero(steps > GAP * np.median(steps)) + 1


def spectra(
    means: NDArray[np.floating],
    deviations: NDArray[np.floating],
    names: Sequence[str],
    colours: Sequence[Colour],
    wavelengths_nm: NDArray[np.floating] | None = None,
    breaks: NDArray[np.intp] | None = None,
) -> Figure:
    """`K bands` each, NaN for a class without pixels or a band left out; against wavelength in nm, or the band's number
    from 1. breaks: before which bands, in that order, the lines are interrupted."""
    xs = np.arange(1, means.shape[1] + 1) if wavelengths_nm is None else np.asarray(wavelengths_nm)
    order = np.argsort(xs, kind="stable")
    broken = [] if breaks is None else breaks

    def line(values: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.insert(np.asarray(values, np.float64)[order], broken, np.nan)

    across = line(xs)
    with style():
        picture = figure(9, 4.6)
        axes = picture.subplots()
        for mean, deviation, name, colour in zip(means, deviations, names, colours, strict=True):
            if not np.isfinite(mean).any():
                continue
            rgb = tuple(part / 255 for part in colour)
            axes.plot(across, line(mean), color=rgb, linewidth=1.4, label=label(name, longest=28))
            if len(names) <= MOST_BANDS_SHADED:
                low, high = line(mean - deviation), line(mean + deviation)
                axes.fill_between(across, low, high, color=rgb, alpha=0.12, linewidth=0)
        axes.set_xlabel(word("band" if wavelengths_nm is None else "wavelength"))
        axes.set_ylabel(word("measured"))
        axes.margins(x=0.01)
        picture.legend(loc="outside right upper", fontsize=10)
    return picture

"""The spectra of the classes: mean, and one standard deviation to either side."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lissom.report.canvas import figure, style
from lissom.report.lettering import label, word
from lissom.tasks.scene.pictures.colours import Colour

MOST_BANDS_SHADED = 12  # classes; beyond, the shades cover each other


def spectra(
    means: NDArray[np.floating],
    deviations: NDArray[np.floating],
    names: Sequence[str],
    colours: Sequence[Colour],
    wavelengths_nm: NDArray[np.floating] | None = None,
) -> Figure:
    """`K bands` each, a class without pixels NaN; against wavelength in nm, or the band's number from 1."""
    xs = np.arange(1, means.shape[1] + 1) if wavelengths_nm is None else np.asarray(wavelengths_nm)
    order = np.argsort(xs, kind="stable")
    with style():
        picture = figure(9, 4.6)
        axes = picture.subplots()
        for mean, deviation, name, colour in zip(means, deviations, names, colours, strict=True):
            if not np.isfinite(mean).any():
                continue
            rgb = tuple(part / 255 for part in colour)
            axes.plot(xs[order], mean[order], color=rgb, linewidth=1.4, label=label(name, longest=28))
            if len(names) <= MOST_BANDS_SHADED:
                low, high = (mean - deviation)[order], (mean + deviation)[order]
                axes.fill_between(xs[order], low, high, color=rgb, alpha=0.12, linewidth=0)
        axes.set_xlabel(word("band" if wavelengths_nm is None else "wavelength"))
        axes.set_ylabel(word("measured"))
        axes.margins(x=0.01)
        picture.legend(loc="outside right upper", fontsize=8)
    return picture

"""Synthetic scenes by the linear mixing model: a pixel's spectrum is the sum of pure spectra, weighted by their shares.

Keshava, Mustard. "Spectral Unmixing", IEEE Signal Processing Magazine, 2002, section "linear mixing". Not measured:
they test a mechanism and prove nothing about real ground, and say so in their name and source.
"""

import numpy as np
from numpy.typing import NDArray

from lissom.errors import UsageError
from lissom.tasks.scene.data.scene import Scene, row_strips
from lissom.tasks.scene.pictures.colours import class_colour

RANGE_NM = (400.0, 2500.0)  # of the usual airborne sensors
SCALE = 10_000  # reflectance 1, as atmospherically corrected products store it
PIXELS_PER_CLASS = 16
SHARPNESS = 5.0  # of the borders between classes: larger is nearer to one class a pixel
BALANCING = 30  # rounds


def synthetic_scene(
    height: int = 96,
    width: int = 96,
    bands: int = 64,
    classes: int = 6,
    *,
    seed: int = 0,
    snr_db: float = 30.0,
    labelled: float = 0.6,
) -> Scene:
    """A scene uint16 H W bands whose classes form patches, with mixed borders, varying light and noise.

    snr_db: mean power of the signal to that of the noise, in decibels. labelled: share of pixels with a label, those
    that are purest. The same arguments give the same scene. Ids run from 1; 0 is unlabelled.
    Raises: UsageError for fewer than 16 pixels a class, 2 bands or 1 class.
    """
    if height * width < PIXELS_PER_CLASS * classes or bands < 2 or classes < 1 or min(height, width) < 1:
        raise UsageError("scene-synthetic-size", height=height, width=width, bands=bands, classes=classes)
    rng = np.random.default_rng(seed)
    wavelengths = np.linspace(*RANGE_NM, bands)
    spectra = endmembers(classes, wavelengths, rng)
    shares = abundances(height, width, classes, rng)
    light = 1 + 0.1 * _smooth(rng.normal(size=(height, width)), min(height, width) / 4)
    cube = _mixed(spectra, shares, light, snr_db, rng)
    ids = shares.argmax(0) + 1
    ground_truth = np.where(_purest(shares, labelled), ids, 0).astype(np.uint8 if classes < 256 else np.uint16)
    return Scene(
        cube=cube,
        ground_truth=ground_truth,
        maps={"ground_truth": ground_truth},
        class_ids=tuple(range(1, classes + 1)),
        class_names=tuple(f"synthetic {index}" for index in range(1, classes + 1)),
        colours=tuple(class_colour(index) for index in range(classes)),
        wavelengths_nm=wavelengths,
        valid=np.ones((height, width), bool),
        name="synthetic",
        source=f"synthetic (seed {seed})",
    )


def endmembers(classes: int, wavelengths: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Pure reflectances, classes bands, 0.02 to 0.9: a slope, broad bumps and absorption dips as of real materials."""
    x = (wavelengths - wavelengths[0]) / (wavelengths[-1] - wavelengths[0])
    slope = rng.uniform(0.15, 0.5, (classes, 1)) + rng.uniform(-0.2, 0.3, (classes, 1)) * x
    height, centre, wide = (
        rng.uniform(low, high, (classes, 4, 1)) for low, high in ((-0.25, 0.35), (0, 1), (0.03, 0.25))
    )
    return np.clip(slope + (height * np.exp(-(((x - centre) / wide) ** 2))).sum(1), 0.02, 0.9)


def abundances(height: int, width: int, classes: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Shares of each class in each pixel, classes H W, that sum to 1; every class is the largest somewhere.

    Smooth random fields, weighted until the classes cover about equal areas, through a softmax.
    """
    extent = max(1.0, np.sqrt(height * width / classes) / 5)
    fields = np.stack([_smooth(rng.normal(size=(height, width)), extent) for _ in range(classes)])
    weights = np.zeros((classes, 1, 1))
    for _ in range(BALANCING):
        covered = np.bincount((fields + weights).argmax(0).ravel(), minlength=classes) / (height * width)
        weights += 0.2 * np.log(1 / classes / np.maximum(covered, 0.1 / classes))[:, None, None]
    fields = _each_somewhere(fields + weights)
    powers = np.exp(SHARPNESS * (fields - fields.max(0)))
    return (powers / powers.sum(0)).astype(np.float32)


def _each_somewhere(fields: NDArray[np.float64]) -> NDArray[np.float64]:
    """Raises a class that is nowhere the largest at the pixel where it comes nearest, unless that ends another one."""
    for index in range(len(fields)):
        owner = fields.argmax(0)
        if (owner == index).any():
            continue
        counts = np.bincount(owner.ravel(), minlength=len(fields))
        gap = np.where(counts[owner] > 1, fields.max(0) - fields[index], np.inf)
        row, column = np.unravel_index(gap.argmin(), gap.shape)
        fields[index, row, column] += gap[row, column] + 1.0
    return fields


def _smooth(field: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """A field blurred by `sigma` pixels, of mean 0 and deviation 1."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(field, sigma, mode="wrap")
    return (field - field.mean()) / max(float(field.std()), 1e-12)


def _mixed(
    spectra: NDArray[np.float64], shares: NDArray[np.float32], light: NDArray, snr_db: float, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """The mixing itself, strip by strip, so that nothing but the result is as large as the scene."""
    height, width = light.shape
    cube = np.empty((height, width, spectra.shape[1]), np.uint16)
    power = float((spectra**2).mean())
    noise = np.sqrt(power / 10 ** (snr_db / 10))
    for rows in row_strips(cube, strip_bytes=4 << 20):
        pure = np.einsum("khw,kb->hwb", shares[:, rows], spectra) * light[rows, :, None]
        pure += noise * rng.normal(size=pure.shape)
        cube[rows] = np.clip(np.round(pure * SCALE), 0, 65535)
    return cube


def _purest(shares: NDArray[np.float32], labelled: float) -> NDArray[np.bool_]:
    """The purest pixels of each class: that share of them, and one at least."""
    owner, purity = shares.argmax(0), shares.max(0)
    chosen = np.zeros(owner.shape, bool)
    for index in range(len(shares)):
        own = owner == index
        chosen |= own & (purity >= np.quantile(purity[own], 1 - labelled))
    return chosen

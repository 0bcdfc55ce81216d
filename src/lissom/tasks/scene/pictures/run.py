"""The pictures of a classified scene: bare maps at true pixel size, the overview, the spectra of the classes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lissom.atomic import write_atomic
from lissom.messages import text
from lissom.report.lettering import Wording, worded
from lissom.report.saving import save_picture
from lissom.tasks.scene.classified import Classified
from lissom.tasks.scene.data.scene import Scene, row_strips
from lissom.tasks.scene.data.splits import Split
from lissom.tasks.scene.pictures.maps import bare_png, bare_svg, class_map, confidence_map, error_map, false_colour
from lissom.tasks.scene.pictures.overview import overview
from lissom.tasks.scene.pictures.sheet import sensor_nm, shown_bands
from lissom.tasks.scene.pictures.spectra import gaps, spectra


@dataclass(frozen=True)
class Spectra:
    """Mean and standard deviation of each class, `K bands`; NaN for a class without pixels and in bad bands."""

    means: NDArray[np.float64]
    deviations: NDArray[np.float64]


def draw_scene_run(folder: Path, classified: Classified, scene: Scene, split: Split, *, confidence: str) -> None:
    """Writes ground truth, false colour, errors and confidence as bare .png, map.svg, scene.* and spectra.*."""
    labels, predicted = scene.labels, classified.predicted
    pictures = {
        "false_colour": false_colour(scene.cube, shown_bands(scene), scene.valid),
        "ground_truth": class_map(labels, scene.colours),
        "map": class_map(predicted, scene.colours),
        "map_labelled": class_map(np.where(labels < 0, -1, predicted), scene.colours),
        "errors": error_map(predicted, labels, split.train | split.val),
        "confidence": confidence_map(classified.confidence),
    }
    for name, picture in pictures.items():
        if name != "map":  # whose file holds ids
            write_atomic(folder / f"{name}.png", bare_png(picture))
    counts = np.bincount(labels[labels >= 0], minlength=len(scene.class_ids)).tolist()
    mapped = np.bincount(predicted[scene.valid], minlength=len(scene.class_ids)).tolist()
    svg = bare_svg(pictures["map"], scene.class_names, scene.colours, mapped, title=text("scene_page.map_all"))
    write_atomic(folder / "map.svg", svg)
    titles = {"map": "map_all"}
    names, file = lettered(scene), Path(scene.source).name
    drawn = overview(
        [(worded(f"scene_page.{titles.get(name, name)}"), picture) for name, picture in pictures.items()],
        names=names,
        colours=scene.colours,
        counts=counts,
        confidence=confidence,
        title=file if scene.name in file else f"{scene.name}: {file}",
    )
    found = class_spectra(scene)
    nm = sensor_nm(scene)
    breaks = None if nm is None else gaps(nm)
    curves = spectra(found.means, found.deviations, names, scene.colours, scene.wavelengths_nm, breaks)
    for name, figure in (("scene", drawn), ("spectra", curves)):
        save_picture(figure, folder / name)


def lettered(scene: Scene) -> list[str]:
    """The classes' names; in a PNG their ids stand for names that the fonts lack."""
    return [Wording(name, str(i)) for i, name in zip(scene.class_ids, scene.class_names, strict=True)]


def class_spectra(scene: Scene) -> Spectra:
    """Over all labelled pixels, in one pass of strips: a cube larger than memory is never loaded whole."""
    classes = len(scene.class_ids)
    counts = np.zeros(classes)
    sums, squares = np.zeros((2, classes, scene.bands))
    for rows in row_strips(scene.cube):
        labels = scene.labels[rows]
        known = labels >= 0
        values, of_class = scene.cube[rows][known].astype(np.float64), labels[known]
        for k in np.unique(of_class):
            part = values[of_class == k]
            counts[k] += len(part)
            sums[k] += part.sum(0)
            squares[k] += (part**2).sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts[:, None]
        variances = squares / counts[:, None] - means**2
    if scene.good_bands is not None:
        means[:, ~scene.good_bands] = np.nan
    deviations = np.sqrt(np.maximum(variances, 0))
    if scene.scale is None:
        return Spectra(means, deviations)
    return Spectra(scene.scale.of(means), deviations * np.abs(scene.scale.gain))

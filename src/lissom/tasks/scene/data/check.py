"""What is wrong with a scene, said before an hour is lost on it; in one pass, with memory for a few strips."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.events import Listener, silent
from lissom.messages import text
from lissom.tasks.scene.data.advice import advice, lacking
from lissom.tasks.scene.data.arrangement import better_turn
from lissom.tasks.scene.data.axes import Axis
from lissom.tasks.scene.data.border import border
from lissom.tasks.scene.data.opening import Given, open_scene
from lissom.tasks.scene.data.quality import BandStatistics, band_statistics
from lissom.tasks.scene.data.scale import Scale
from lissom.tasks.scene.data.scene import Scene, listed_bands
from lissom.tasks.scene.data.splits import split
from lissom.tasks.scene.data.telling import warns
from lissom.tasks.scene.pictures.sheet import draw_scene
from lissom.tasks.scene.settings import SceneConfig

FEW = 20  # labelled pixels of a class
IMBALANCE = 20  # largest class to smallest: scenes are far less even than photos, so only from here on a warning
LISTED = 5  # classes in one sentence


def check(
    cube: Given,
    ground_truth: Given | None = None,
    *,
    variable: str | None = None,
    ground_truth_variable: str | None = None,
    class_field: str | None = None,
    class_names: str | None = None,
    unlabelled: int = 0,
    no_data: float | None = None,
    scale: float | None = None,
    bands_axis: Axis = "auto",
    window: int = 25,
    picture: Path | None = None,
    listener: Listener = silent,
) -> dict[str, Any]:
    """Opens a scene as `open_scene` does, reads it once and reports plain data:

    `name`, `source`, `height`, `width`, `bands`, `dtype`, `megabytes`; `wavelengths_nm`: first and last, or None;
    `scale`: None, or `said`, lowest and highest `gain` and `offset`; `georeferenced`; `masked`: share of pixels without
    data; `classes`: id, name and pixels of each; `labelled`: pixels;
    `imbalance`: largest class to smallest; `dead`, `noisy`, `saturated`, `bad_list`: numbers of bands, from 1;
    `noise`: share of each band's variance that may be noise; `turned`: how the map would fit better, or None;
    `untested`: classes that a disjoint split for a `window` leaves without test pixels; `trainable`; `warnings`:
    sentences. `picture`: where to write false colour and map (PNG).
    Raises: DataError for a scene that cannot be opened.
    """
    scene = open_scene(
        cube,
        ground_truth,
        variable=variable,
        ground_truth_variable=ground_truth_variable,
        class_field=class_field,
        class_names=class_names,
        unlabelled=unlabelled,
        no_data=no_data,
        scale=scale,
        bands_axis=bands_axis,
    )
    statistics = band_statistics(scene, listener)
    if picture:
        draw_scene(scene, picture)
    return describe(scene, statistics, window=window)


def describe(scene: Scene, statistics: BandStatistics, *, window: int = 25) -> dict[str, Any]:
    """The report of `check` on a scene that is open."""
    turn = better_turn(scene)
    counts = class_counts(scene)
    report = {
        "name": scene.name,
        "source": scene.source,
        "height": scene.height,
        "width": scene.width,
        "bands": scene.bands,
        "dtype": scene.cube.dtype.name,
        "megabytes": round(scene.cube.nbytes / 1e6, 1),
        "wavelengths_nm": _ends(scene.wavelengths_nm),
        "scale": _scale(scene.scale),
        "georeferenced": scene.georeference is not None,
        "masked": round(float(1 - scene.valid.mean()), 6),
        "classes": [
            {"id": index, "name": name, "pixels": int(count)}
            for index, name, count in zip(scene.class_ids, scene.class_names, counts, strict=True)
        ],
        "labelled": int(counts.sum()),
        "imbalance": round(float(counts.max() / counts.min()), 2) if len(counts) else None,
        "dead": _numbers(statistics.dead),
        "noisy": _numbers(statistics.noisy),
        "saturated": _numbers(statistics.saturated),
        "bad_list": [] if scene.good_bands is None else _numbers(~scene.good_bands),
        "noise": [round(float(share), 4) for share in statistics.noise],
        "turned": turn and {"turn": turn[0], "explained": round(turn[1], 4), "explained_turned": round(turn[2], 4)},
        "trainable": len(scene.class_ids) > 1 and bool(counts.max() > 1),
    }
    scaled = scene.scale.notes if scene.scale else ()
    told = (*scene.notes, *scaled, *border(scene))
    notes, warned = ([str(each) for each in told if warns(each) == wanted] for wanted in (False, True))
    untested, helps = _disjoint(scene, window)
    found = warned + _warnings(report, synthetic=scene.name == "synthetic") + helps
    return {**report, "untested": untested, "notes": notes, "warnings": found}


def _disjoint(scene: Scene, window: int) -> tuple[list[str], list[str]]:
    """Classes that a disjoint split leaves without test pixels, and sentences on them; a window that the scene does not
    hold is not tried."""
    config = SceneConfig(split="disjoint", window=window)
    if len(scene.class_ids) < 2 or window > min(scene.height, scene.width):
        return [], []
    counted = split(scene.labels, scene.valid, config, class_names=scene.class_names).tally
    assert counted
    untested = [scene.class_names[k] for k in lacking(counted, val=False, test=True).test]
    if not untested:
        return [], []
    helps = advice([scene], config, counted, val=False, test=True)
    return untested, [text("scenes.check-untested", window=window, names=_listed(untested)), *map(str, helps)]


def class_counts(scene: Scene) -> NDArray[np.int64]:
    """Labelled, valid pixels of each class, beside `class_ids`."""
    return np.bincount(scene.labels[scene.labels >= 0], minlength=len(scene.class_ids))


def _scale(scale: Scale | None) -> dict[str, Any] | None:
    if scale is None:
        return None
    sides = {"gain": scale.gain, "offset": scale.offset}
    return {"said": scale.said, **{name: [float(side.min()), float(side.max())] for name, side in sides.items()}}


def _ends(wavelengths: NDArray[np.float64] | None) -> list[float] | None:
    return None if wavelengths is None else [round(float(wavelengths[index]), 2) for index in (0, -1)]


def _numbers(bands: NDArray[np.bool_]) -> list[int]:
    return (np.flatnonzero(bands) + 1).tolist()


def _warnings(report: dict[str, Any], *, synthetic: bool) -> list[str]:
    """Everything worth knowing, as sentences; only what was found."""
    warnings = [text("scenes.check-synthetic")] if synthetic else []
    if report["masked"]:
        warnings.append(text("scenes.check-masked", share=f"{report['masked']:.2%}"))
    for key in ("dead", "noisy", "saturated", "bad_list"):
        if bands := report[key]:
            name = key.replace("_", "-")
            warnings.append(text(f"scenes.check-{name}", count=len(bands), bands=listed_bands(np.array(bands) - 1)))
    if report["wavelengths_nm"] is None:
        warnings.append(text("scenes.check-no-wavelengths"))
    return [*warnings, *_class_warnings(report)]


def _class_warnings(report: dict[str, Any]) -> list[str]:
    classes = report["classes"]
    if not classes:
        return [text("scenes.check-no-labels")]
    warnings = [] if len(classes) > 1 else [text("scenes.check-one-class")]
    single = [row["name"] for row in classes if row["pixels"] == 1]
    few = [row["name"] for row in classes if 1 < row["pixels"] < FEW]
    if len(single) == len(classes) > 1:
        warnings.append(text("scenes.check-all-single"))
    elif single:
        warnings.append(text("scenes.check-single", count=len(single), names=_listed(single)))
    if few:
        warnings.append(text("scenes.check-few", count=len(few), few=FEW, names=_listed(few)))
    if report["imbalance"] >= IMBALANCE:
        warnings.append(text("scenes.check-imbalance", ratio=f"{report['imbalance']:g}"))
    if turned := report["turned"]:
        before, after = f"{turned['explained']:.0%}", f"{turned['explained_turned']:.0%}"
        turn = text(f"scenes.turn-{turned['turn']}")
        warnings.append(text("scenes.check-turned", turn=turn, before=before, after=after))
    return warnings


def _listed(names: list[str]) -> str:
    return ", ".join(names[:LISTED]) + (f", +{len(names) - LISTED}" if len(names) > LISTED else "")

"""Another scene of the sensor, as a run sees its own: bands and classes matched, every labelled pixel measured."""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.events import Listener, Note, note
from lissom.tasks.scene.classified import CLASSIFIED
from lissom.tasks.scene.data.distance import scaled_as_trained
from lissom.tasks.scene.data.matching import match_bands
from lissom.tasks.scene.data.opening import known_scene, open_scene
from lissom.tasks.scene.data.scene import Mask, Scene
from lissom.tasks.scene.data.splits import Split
from lissom.tasks.scene.facts import SceneFacts
from lissom.tasks.scene.prepare import SceneData, check_window, reduce, stored_fit, with_scale
from lissom.tasks.scene.settings import SceneConfig
from lissom.training.opened import Opened
from lissom.training.run import Run


def foreign(opened: Opened, paths: Mapping[str, Any], listener: Listener) -> SceneData:
    """The scene at `paths` (`cube`, `ground_truth`; what is not given is the run's own) with the run's preprocessing,
    window and classes; all its labelled, valid pixels are the part `test`.

    Bands are matched as for a prediction. Classes are matched by name where both name theirs, else by id; pixels of a
    class that the run does not know are left out, and a note says how many. Where the cube is that of the training and
    the map alone another one, the pixels that trained or chose the weights are no test.
    Raises: DataError for a cube of another sensor, a map that does not fit it, and no class in common.
    """
    run = opened.run
    assert run, "scenes have no other form"
    found = _opened(run.config.scene, paths, run.facts.bands, listener)
    if found.ground_truth is None:
        raise DataError("scene-no-ground-truth", path=found.source)
    check_window(run.config.scene.side, found)
    fitted, nm = stored_fit(run), run.facts.wavelengths_nm
    used = np.asarray(fitted.matrix.any(1))
    bands = match_bands(found, bands=run.facts.bands, wavelengths_nm=None if nm is None else np.array(nm), used=used)
    own = "cube" not in paths
    found, told = (with_scale(found, run.facts), ()) if own else scaled_as_trained(
        found, fitted, bands, trained=bool(run.facts.gain)
    )  # fmt: skip
    classes = match_classes(found, run.facts)
    scene = _as_trained(found, run, classes.ids)
    seen = _seen(run, found, own=own)
    train, val = seen or (np.zeros_like(scene.valid), np.zeros_like(scene.valid))
    test = (scene.labels >= 0) & ~train & ~val
    if not test.any():
        raise DataError("scene-foreign-no-class", path=found.source, run=run.path, got=_some(found.class_names),
                        expected=_some(run.facts.class_names))  # fmt: skip
    notes = _notes(found, classes, test, int(((train | val) & (scene.labels >= 0)).sum()) if seen else None)
    return SceneData(
        scene=scene,
        split=Split(train, val, test, notes[0], notes[1:]),
        fitted=fitted,
        reduced=reduce(fitted, found, bands),
        window=run.config.scene.side,
        other=(*notes, *told),
    )


@dataclass(frozen=True)
class Classes:
    """Which class of the run each class of another map is."""

    ids: Mapping[int, int]
    """Id in the map -> id in the run; classes that the run does not know are missing."""
    by: str
    """"names" or "ids"."""


def match_classes(scene: Scene, facts: SceneFacts) -> Classes:
    """By name where both name all of theirs, whatever the case, for ids of two maps may stand for different classes;
    else by id."""
    theirs = dict(zip(facts.class_ids, facts.class_names, strict=True))
    ours = dict(zip(scene.class_ids, scene.class_names, strict=True))
    if not (_named(theirs) and _named(ours)):
        return Classes({class_id: class_id for class_id in ours if class_id in theirs}, "ids")
    of_name = {name.casefold(): class_id for class_id, name in theirs.items()}
    return Classes({k: of_name[name.casefold()] for k, name in ours.items() if name.casefold() in of_name}, "names")


def _named(names: Mapping[int, str]) -> bool:
    return all(name != str(class_id) for class_id, name in names.items())


def _opened(settings: SceneConfig, paths: Mapping[str, Any], bands: int, listener: Listener) -> Scene:
    """The run's settings hold for what is its own, and for both what stands for no data and no label."""
    cube, truth = paths.get("cube"), paths.get("ground_truth")
    own_truth = None if cube is not None and known_scene(cube) else settings.ground_truth
    return open_scene(
        settings.cube if cube is None else cube,
        own_truth if truth is None else truth,
        variable=settings.variable if cube is None else None,
        ground_truth_variable=settings.ground_truth_variable if truth is None else None,
        class_field=settings.class_field,
        unlabelled=settings.unlabelled,
        no_data=settings.no_data,
        scale=settings.scale,
        bands_axis=settings.bands_axis if cube is None else "auto",
        bands=None if cube is None else bands,
        listener=listener,
    )


def _as_trained(scene: Scene, run: Run, ids: Mapping[int, int]) -> Scene:
    """The scene with the run's ids, names and colours; what it does not know is unlabelled."""
    assert scene.ground_truth is not None
    truth = np.full(scene.ground_truth.shape, scene.unlabelled, np.int64)
    for theirs, ours in ids.items():
        truth[scene.ground_truth == theirs] = ours
    facts = run.facts
    known = {"class_ids": facts.class_ids, "class_names": facts.class_names, "colours": facts.colours}
    return replace(scene, ground_truth=truth, **known)


def _seen(run: Run, scene: Scene, *, own: bool) -> tuple[Mask, Mask] | None:
    """The pixels that trained and that chose the weights, where the cube is that of the training."""
    items = run.items
    if not own and ("cube" not in items or items["cube"].digest != scene.items["cube"]):
        return None
    path = run.path / CLASSIFIED
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return file["train"], file["val"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError("run-file-damaged", path=path, reason=str(error) or type(error).__name__) from error


def _notes(scene: Scene, classes: Classes, test: Mask, seen: int | None) -> tuple[Note, ...]:
    """What was measured, and what was left out."""
    by = note(f"scene_foreign.by-{classes.by}")
    known = {"pixels": int(test.sum()), "source": scene.source, "by": by}
    notes = [note("scene_foreign.measured", **known) if seen is None else note("scene_foreign.own-cube", **known,
                                                                               seen=seen)]  # fmt: skip
    unknown = [(k, name) for k, name in zip(scene.class_ids, scene.class_names, strict=True) if k not in classes.ids]
    if unknown:
        left = _count(scene, [class_id for class_id, _ in unknown])
        notes.append(note("scene_foreign.unknown", pixels=left, names=_some([name for _, name in unknown])))
    return tuple(notes)


def _count(scene: Scene, ids: Sequence[int]) -> int:
    truth: NDArray[Any] = np.asarray(scene.ground_truth)
    return int((np.isin(truth, ids) & scene.valid).sum())


def _some(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f", + {len(names) - most}" if len(names) > most else "")

"""Other scenes of the sensor, as a run sees its own: bands and classes matched, every labelled pixel measured."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lissom.errors import DataError
from lissom.events import Listener, Note, note
from lissom.runs.arrays import read_arrays
from lissom.tasks.scene.classified import CLASSIFIED, scene_folders
from lissom.tasks.scene.data.classes import Legend, listed
from lissom.tasks.scene.data.opening import known_scene, open_scene
from lissom.tasks.scene.data.scene import Mask, Scene
from lissom.tasks.scene.data.splits import Split
from lissom.tasks.scene.prepare import check_window, stored_fit, with_scale
from lissom.tasks.scene.ready import Part, SceneData, item_name, of_scene, short_names
from lissom.tasks.scene.settings import READING, SceneConfig, SceneTrainConfig, pairs
from lissom.tasks.scene.unseen import unseen
from lissom.tasks.scene.unused import refuse_unused
from lissom.training.opened import Opened
from lissom.training.run import Run

TESTED = ("test_cube", "test_ground_truth")


def foreign(opened: Opened, paths: Mapping[str, Any], listener: Listener) -> SceneData:
    """The scenes at `paths` (`cube`, `ground_truth`, or these of the test; what is not given is the run's own) with the
    run's preprocessing, window and classes; all their labelled, valid pixels are the part `test`.

    Bands are matched as for a prediction. Classes are matched by name where both name theirs, else by id; pixels of a
    class that the run does not know are left out, and a note says how many. Where the cube is one of the training and
    the map alone another one, the pixels that trained or chose the weights are no test. Spectra unlike those of the
    training are said. `paths` may also say how these files are read (`scale`, `variable` ...).
    Raises: DataError for a cube of another sensor, a map that does not fit it, and no class in common; UsageError for
    another number of maps than of cubes, and for a way to read that does nothing for these files.
    """
    run = opened.run
    assert run, "scenes have no other form"
    scenes = _opened(run.config.scene, paths, run.facts.bands, listener)
    names = short_names([scene.source for scene in scenes])
    found = [_part(run, name, scene, rescaled="scale" in paths) for name, scene in zip(names, scenes, strict=True)]
    several = len(found) > 1
    notes = tuple(n for part, told in found for n in of_scene(part.name if several else None, told))
    return SceneData(
        parts=tuple(part for part, _ in found),
        fitted=stored_fit(run),
        window=run.config.scene.side,
        split_note=notes[0],
        other=notes,
    )


def _part(run: Run, name: str, scene: Scene, *, rescaled: bool) -> tuple[Part, tuple[Note, ...]]:
    """A scene as the run sees its own, and what to say of it; rescaled: by a factor that is given for it."""
    facts = run.facts
    check_window(run.config.scene.side, scene)
    nm = None if facts.wavelengths_nm is None else np.array(facts.wavelengths_nm)
    legend = Legend(facts.class_ids, facts.class_names, facts.colours)
    number = _trained_as(run, scene)
    scene = scene if number is None or rescaled else with_scale(scene, facts, number)
    scaled = facts.scaled or rescaled
    found = unseen(scene, stored_fit(run), legend, bands=facts.bands, wavelengths_nm=nm, scaled=scaled)
    seen = None if number is None else _seen(run, number)
    train, val = seen or (np.zeros_like(scene.valid), np.zeros_like(scene.valid))
    labelled = found.scene.labels >= 0
    test = labelled & ~train & ~val
    if labelled.any() and not test.any():
        raise DataError("scene-foreign-seen", path=scene.source, run=run.path, pixels=int(labelled.sum()))
    if not test.any():
        raise DataError("scene-foreign-no-class", path=scene.source, run=run.path, got=listed(scene.class_names),
                        expected=listed(facts.class_names))  # fmt: skip
    known = {"pixels": int(test.sum()), "source": scene.source, "by": note(f"scene_foreign.by-{found.by}")}
    if seen is None:
        told = note("scene_foreign.measured", **known)
    else:
        told = note("scene_foreign.own-cube", **known, seen=int(((train | val) & labelled).sum()))
    part = Part(name=name, scene=found.scene, split=Split(train, val, test, told), reduced=found.reduced, test=True)
    return part, (told, *found.notes)


def _opened(settings: SceneConfig, paths: Mapping[str, Any], bands: int, listener: Listener) -> list[Scene]:
    """The run's settings hold for what is its own, and for all what stands for no data and no label, unless `paths`
    says otherwise."""
    scenes, given = [], {name: value for name, value in paths.items() if name in READING}
    _refuse_unread(settings, paths, given)
    for prefix in ("", "test_"):
        cube, truth = (paths.get(f"{prefix}{name}") for name in ("cube", "ground_truth"))
        if cube is None and truth is None:
            continue
        own = getattr(settings, f"{prefix}ground_truth")
        named = cube is not None and not isinstance(cube, tuple) and known_scene(cube)
        maps = truth if truth is not None else None if named else own
        for each, its_map in pairs(cube or getattr(settings, f"{prefix}cube"), maps):
            how: dict[str, Any] = {
                "variable": settings.variable if cube is None else None,
                "ground_truth_variable": settings.ground_truth_variable if truth is None else None,
                "class_field": settings.class_field,
                "unlabelled": settings.unlabelled,
                "no_data": settings.no_data,
                "scale": settings.scale,
                "bands_axis": settings.bands_axis if cube is None else "auto",
                "bands": None if cube is None else bands,
                **given,
            }
            scenes.append(open_scene(each, its_map, **how, listener=listener))
            if scenes[-1].ground_truth is None:
                raise DataError("scene-no-ground-truth", path=scenes[-1].source)
    return scenes


def _refuse_unread(settings: SceneConfig, paths: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raises: UsageError for a way to read that does nothing for the files at `paths`, as in training."""
    if given:
        files = {name: paths[name] for name in ("cube", "ground_truth", *TESTED) if name in paths}
        refuse_unused(SceneTrainConfig(scene=SceneConfig(**{"cube": settings.cube, **files, **given})))


def _trained_as(run: Run, scene: Scene) -> int | None:
    """Which of the scenes that train has the same cube; None: none has."""
    trained, items = len(run.config.scene.trained_files), run.items
    names = [item_name("cube", k, False) for k in range(trained)]
    same = [k for k, n in enumerate(names) if n in items and items[n].digest == scene.items["cube"]]
    return same[0] if same else None


def _seen(run: Run, number: int) -> tuple[Mask, Mask]:
    """The pixels of a scene that trained and that chose the weights."""
    seen = read_arrays(scene_folders(run.path)[number] / CLASSIFIED, {"train": ("b", 2), "val": ("b", 2)})
    return seen["train"], seen["val"]

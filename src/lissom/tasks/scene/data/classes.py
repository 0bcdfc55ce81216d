"""Classes of several maps: which of one map is which of another, and one list for maps that train together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lissom.errors import DataError
from lissom.events import Note, note
from lissom.tasks.scene.data.scene import Colour, Scene
from lissom.tasks.scene.pictures.colours import class_colour

SHOWN = 8  # classes in one sentence


class Legend(NamedTuple):
    """Classes in the order of their ids."""

    ids: tuple[int, ...]
    names: tuple[str, ...]
    colours: tuple[Colour, ...]


class Classes(NamedTuple):
    """Which class of a legend each class of a map is."""

    ids: Mapping[int, int]
    """Id in the map -> id in the legend; classes that the legend does not have are missing."""
    by: str
    """"names" or "ids"."""


def legend_of(scene: Scene) -> Legend:
    return Legend(scene.class_ids, scene.class_names, scene.colours)


def match_classes(scene: Scene, legend: Legend) -> Classes:
    """By name where both name all of theirs and each differently, whatever the case, for ids of two maps may stand for
    different classes; else by id."""
    theirs = dict(zip(legend.ids, legend.names, strict=True))
    ours = dict(zip(scene.class_ids, scene.class_names, strict=True))
    if not (_named(theirs) and _named(ours)):
        return Classes({class_id: class_id for class_id in ours if class_id in theirs}, "ids")
    of_name = {name.casefold(): class_id for class_id, name in theirs.items()}
    return Classes({k: of_name[name.casefold()] for k, name in ours.items() if name.casefold() in of_name}, "names")


def with_legend(scene: Scene, legend: Legend, ids: Mapping[int, int]) -> Scene:
    """The scene with the ids, names and colours of a legend; what that does not have is unlabelled."""
    assert scene.ground_truth is not None
    truth = np.full(scene.ground_truth.shape, scene.unlabelled, np.int64)
    for theirs, ours in ids.items():
        truth[scene.ground_truth == theirs] = ours
    known = {"class_ids": legend.ids, "class_names": legend.names, "colours": legend.colours}
    return replace(scene, ground_truth=truth, **known)


def unknown_note(scene: Scene, classes: Classes) -> tuple[Note, ...]:
    """Says how many pixels are of classes that the legend does not have."""
    unknown = {k: n for k, n in zip(scene.class_ids, scene.class_names, strict=True) if k not in classes.ids}
    if not unknown:
        return ()
    pixels = int((np.isin(np.asarray(scene.ground_truth), list(unknown)) & scene.valid).sum())
    return (note("scene_foreign.unknown", pixels=pixels, names=listed(tuple(unknown.values()))),)


def shared_classes(scenes: Sequence[Scene]) -> tuple[tuple[Scene, ...], tuple[Note, ...]]:
    """Scenes that train together, with one legend: the first's, and after it what each other one adds; and what of it
    a user must know.

    Raises: DataError for an id that stands for one class here and for another there.
    """
    if len(scenes) == 1:
        return (scenes[0],), ()
    names = dict(zip(scenes[0].class_ids, scenes[0].class_names, strict=True))
    colours = dict(zip(scenes[0].class_ids, scenes[0].colours, strict=True))
    found, notes = [], []
    for scene in scenes:
        legend = Legend(tuple(names), tuple(names.values()), tuple(colours.values()))
        classes = match_classes(scene, legend)
        ids = {class_id: classes.ids.get(class_id, class_id) for class_id in scene.class_ids}
        for class_id, name, colour in zip(scene.class_ids, scene.class_names, scene.colours, strict=True):
            if class_id in classes.ids:
                if names[ids[class_id]] == str(ids[class_id]):  # a name, where the maps before have none
                    names[ids[class_id]] = name
            elif class_id in names:
                raise DataError("scene-classes-differ", path=scene.source, id=class_id, got=name,
                                first=scenes[0].source, expected=names[class_id])  # fmt: skip
            else:
                names[class_id] = name
                colours[class_id] = class_colour(len(colours)) if colour in colours.values() else colour
        if moved := [scene.class_names[scene.class_ids.index(k)] for k, ours in ids.items() if k != ours]:
            notes.append(note("scene_several.by-name", scene=scene.source, names=listed(moved)))
        found.append(ids)
    order = sorted(names)
    legend = Legend(tuple(order), tuple(names[k] for k in order), tuple(colours[k] for k in order))
    return tuple(with_legend(s, legend, ids) for s, ids in zip(scenes, found, strict=True)), tuple(notes)


def listed(names: Sequence[str]) -> str:
    """The first few, and how many more."""
    return ", ".join(names[:SHOWN]) + (f", + {len(names) - SHOWN}" if len(names) > SHOWN else "")


def _named(names: Mapping[int, str]) -> bool:
    distinct = len({name.casefold() for name in names.values()}) == len(names)
    return distinct and all(name != str(class_id) for class_id, name in names.items())

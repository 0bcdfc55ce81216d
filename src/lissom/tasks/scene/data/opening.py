"""A path, a known scene's name or an array to a scene: format by suffix, facts joined, everything checked once."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.events import Listener, note, silent
from lissom.messages import text
from lissom.tasks.scene.data.aligning import aligned
from lissom.tasks.scene.data.arrangement import check_extents
from lissom.tasks.scene.data.axes import Axis, bands_last
from lissom.tasks.scene.data.class_names import read_class_names
from lissom.tasks.scene.data.fetching import find_files
from lissom.tasks.scene.data.known import KNOWN, Known, recognise, spelled
from lissom.tasks.scene.data.layers import Layer, as_cube, as_map
from lissom.tasks.scene.data.reading import Given, read_layer
from lissom.tasks.scene.data.scale import given_scale, said_scale
from lissom.tasks.scene.data.scene import Colour, Scene, empty_bands, listed_bands, present_ids, valid_mask
from lissom.tasks.scene.data.shapes import Shape
from lissom.tasks.scene.data.wavelengths import oddities
from lissom.tasks.scene.pictures.colours import class_colour

SYNTHETIC = "synthetic"


def open_scene(
    cube: Given,
    ground_truth: Given | None = None,
    *,
    variable: str | None = None,
    ground_truth_variable: str | None = None,
    class_field: str | None = None,
    class_names: str | Path | None = None,
    unlabelled: int = 0,
    no_data: float | None = None,
    scale: float | None = None,
    bands_axis: Axis = "auto",
    bands: int | None = None,
    download: bool = False,
    listener: Listener = silent,
) -> Scene:
    """The scene in `cube`: a file, an array H W bands, a known scene's name, a folder with its files, or "synthetic".

    ground_truth: a file or an array H W; a known scene brings its own. variable, ground_truth_variable: the array in
    a .mat or .npz file; None: the only one that fits. class_field: of shapes, the attribute with their classes.
    class_names: a file of names for a map that carries none. no_data: a value that stands for none, else the file's.
    scale: what stored values are multiplied with, else the file's own scale. bands_axis, bands: of arrays alone, see
    `bands_last`.
    download: fetch a known scene's files where they are missing. Files are memory-mapped where their format allows.
    Raises: DataError or UsageError that says what is wrong with which file; MachineError for network and disk.
    """
    if isinstance(cube, str | Path) and str(cube) == SYNTHETIC:
        from lissom.tasks.scene.data.synthetic import synthetic_scene

        return synthetic_scene()
    there = located(cube, ground_truth, variable=variable, download=download, listener=listener)
    how = _Reading(unlabelled, no_data, scale, bands_axis, bands, ground_truth_variable)
    scene = _opened(there, how)
    if there.ground_truth is None:
        return scene
    layer = _map_layer(scene, there.ground_truth, ground_truth_variable, class_field)
    source = _source(there.ground_truth)
    check_extents(scene.cube.shape, layer.values.shape, cube=scene.source, ground_truth=source)
    return _labelled(scene, layer, source, there.known, class_names)


def _map_layer(scene: Scene, given: Given, variable: str | None, class_field: str | None) -> Layer:
    """The ids of a map H W, on the pixels of the cube where both have coordinates."""
    where = scene.georeference
    layer = read_layer(given, rank=2, named=variable, extent=scene.cube.shape[:2], where=where, field=class_field)
    source = _source(given)
    ids = as_map(layer, source, unlabelled=scene.unlabelled)
    ids, told = aligned(ids, layer.georeference, scene.cube.shape, where, unlabelled=scene.unlabelled, source=source)
    return replace(layer, values=ids, notes=(*layer.notes, told) if told else layer.notes)


class Located(NamedTuple):
    """The files of a scene, or its arrays."""

    cube: Given
    ground_truth: Given | None
    variable: str | None
    """The cube's array in its file."""
    known: Known | None


def located(
    cube: Given,
    ground_truth: Given | None,
    *,
    variable: str | None = None,
    download: bool = False,
    listener: Listener = silent,
) -> Located:
    """Where a scene's files are; a known scene brings those that are not given. Raises: as `find_files`."""
    known = known_scene(cube)
    if known and isinstance(cube, str | Path):
        folder = Path(cube) if Path(cube).is_dir() else None
        files = [known.cube, *([known.ground_truth] if ground_truth is None else [])]
        cube, *maps = find_files(known, files, folder=folder, download=download, listener=listener)
        ground_truth = maps[0] if maps else ground_truth
        variable = variable or known.cube.variable
    return Located(cube, ground_truth, variable, known)


def content(
    cube: Given,
    maps: Mapping[str, Given | None],
    *,
    variable: str | None = None,
    variables: Mapping[str, str | None] | None = None,
    class_field: str | None = None,
    unlabelled: int = 0,
    no_data: float | None = None,
    bands_axis: Axis = "auto",
    download: bool = False,
    listener: Listener = silent,
) -> dict[str, str]:
    """The digests that `Scene.items` has, though cube and maps may not fit each other.

    maps: files by setting, `ground_truth` among them; variables: their arrays. Raises: as `open_scene`.
    """
    if isinstance(cube, str | Path) and str(cube) == SYNTHETIC:
        scene, given = open_scene(cube), {name: path for name, path in maps.items() if name != "ground_truth"}
        found = dict(scene.maps)
    else:
        ground_truth = maps.get("ground_truth")
        there = located(cube, ground_truth, variable=variable, download=download, listener=listener)
        named = (variables or {}).get("ground_truth")
        scene = _opened(there, _Reading(unlabelled, no_data, 1.0, bands_axis, None, named))
        given, found = {**maps, "ground_truth": there.ground_truth}, {}
    for name, path in given.items():
        if path is not None:
            found[name] = _map_layer(scene, path, (variables or {}).get(name), class_field).values
    return replace(scene, maps=found).items


class _Reading(NamedTuple):
    """How a cube is to be read, as for `open_scene`."""

    unlabelled: int
    no_data: float | None
    scale: float | None
    bands_axis: Axis
    bands: int | None
    ground_truth_variable: str | None


def _opened(there: Located, how: _Reading) -> Scene:
    """The cube alone; its map may tell which of its axes are rows and columns."""
    cube, known = there.cube, there.known
    layer, source = read_layer(cube, rank=3, named=there.variable), _source(cube)
    extent = _extent(there.ground_truth, how.ground_truth_variable, layer)
    layer = bands_last(layer, axis=how.bands_axis, extent=extent, bands=how.bands, source=source)
    values = as_cube(layer, source)
    no_data = layer.no_data if how.no_data is None else how.no_data
    empty = empty_bands(values, no_data)
    counted = layer.good_bands if empty is None else ~empty if layer.good_bands is None else layer.good_bands & ~empty
    counts = np.ones(values.shape[2], bool) if counted is None else counted
    bands = values.shape[2]
    scale = said_scale(layer.scales, bands, counts, source) if how.scale is None else given_scale(how.scale, bands)
    told = () if empty is None else (note("scene_files.empty", bands=listed_bands(np.flatnonzero(empty))),)
    return Scene(
        cube=values,
        unlabelled=how.unlabelled,
        wavelengths_nm=layer.wavelengths_nm,
        good_bands=layer.good_bands,
        scale=scale,
        valid=valid_mask(values, good_bands=counted, no_data=no_data, source=source),
        name=_name(known or recognise(values.shape), cube),
        source=source,
        georeference=layer.georeference,
        empty=empty,
        notes=(*layer.notes, *told, *oddities(layer.wavelengths_nm)),
    )


def _extent(given: Given | None, variable: str | None, layer: Layer) -> Shape | None:
    """H W of a map that fits a plain array in one order of its axes or the other."""
    if given is None or not layer.plain or layer.values.ndim != 3:
        return None
    for extent in (layer.values.shape[:2], layer.values.shape[1:]):
        try:
            found = read_layer(given, rank=2, named=variable, extent=extent).values.shape[:2]
        except DataError:  # said when the map is read for good
            continue
        if found == extent:
            return extent
    return None


def _labelled(
    scene: Scene, layer: Layer, source: str, known: Known | None, class_names: str | Path | None = None
) -> Scene:
    """The scene with its map of ids."""
    ids = layer.values
    present = present_ids(ids, scene.valid, unlabelled=scene.unlabelled, source=source)
    known = known or recognise(scene.cube.shape, present)
    if class_names is not None:
        layer = replace(layer, class_names=read_class_names(class_names, present))
    names, colours = named_classes(present, layer, known)
    name = known.title if known else Path(scene.source).stem
    labelled = {"class_ids": present, "class_names": names, "colours": colours}
    labelled |= {"notes": (*scene.notes, *layer.notes)}
    return replace(scene, ground_truth=ids, maps={"ground_truth": ids}, name=name, **labelled)


def relabelled(scene: Scene, ids: NDArray[np.integer]) -> Scene:
    """The scene with other labels, made of `maps`; classes that it had keep names and colours.

    Raises: DataError as `open_scene`.
    """
    names = dict(zip(scene.class_ids, scene.class_names, strict=True))
    colours = dict(zip(scene.class_ids, scene.colours, strict=True))
    found = _labelled(scene, Layer(values=ids, class_names=names, colours=colours), scene.source, None)
    return replace(found, maps=scene.maps)


def open_map(given: Given, scene: Scene, *, class_field: str | None = None) -> NDArray[np.integer]:
    """A map of class ids H W for a scene, for example of training pixels, in any format of its ground truth.

    Raises: DataError for what is not such a map, or does not lie on the scene.
    """
    ids = _map_layer(scene, given, None, class_field).values
    check_extents(scene.cube.shape, ids.shape, cube=scene.source, ground_truth=_source(given))
    return ids


def named_classes(
    ids: tuple[int, ...], layer: Layer, known: Known | None
) -> tuple[tuple[str, ...], tuple[Colour, ...]]:
    """Names and colours beside `ids`: the file's own, else the known scene's, else numbers and a palette."""
    rows = {row.id: row for row in known.classes} if known else {}
    names = {index: row.name for index, row in rows.items()} | {k: v for k, v in layer.class_names.items() if v}
    colours = {index: row.colour for index, row in rows.items()}
    if len({layer.colours[value] for value in ids if value in layer.colours}) > 1:  # all black tells nothing apart
        colours |= dict(layer.colours)
    return (
        tuple(names.get(value, str(value)) for value in ids),
        tuple(colours.get(value, class_colour(index)) for index, value in enumerate(ids)),
    )


def known_scene(given: Given) -> Known | None:
    """The known scene that is named, or whose files lie in the folder."""
    if isinstance(given, np.ndarray) or Path(given).is_file():
        return None
    if Path(given).is_dir():
        return _only_known(Path(given))
    return KNOWN.get(spelled(str(given)))


def _only_known(folder: Path) -> Known:
    there = {path.name.lower() for path in (*folder.glob("*.mat"), *folder.glob("*/*.mat"))}
    found = [known for known in KNOWN.values() if known.cube.name.lower() in there]
    if len(found) != 1:
        titles = ", ".join(known.title for known in found) or text("scenes.nothing")
        raise DataError("scene-folder", path=folder, found=titles)
    return found[0]


def _source(given: Given) -> str:
    return "array" if isinstance(given, np.ndarray) else str(given)


def _name(known: Known | None, given: Given) -> str:
    if known:
        return known.title
    return "array" if isinstance(given, np.ndarray) else Path(given).stem

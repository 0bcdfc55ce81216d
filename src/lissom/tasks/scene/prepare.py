"""From the settings of a run on a scene to its pixels, as the network reads them, and to the network."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom import models
from lissom.config import ModelConfig
from lissom.errors import DataError, UsageError
from lissom.events import Listener, Note, note, silent
from lissom.models.window_net import WindowNet
from lissom.tasks.scene.data.arrangement import better_turn
from lissom.tasks.scene.data.border import border
from lissom.tasks.scene.data.class_names import read_class_names
from lissom.tasks.scene.data.distance import unlike
from lissom.tasks.scene.data.opening import content as digests
from lissom.tasks.scene.data.opening import open_map, open_scene, relabelled
from lissom.tasks.scene.data.preprocess import Fitted, Source, fit_scene
from lissom.tasks.scene.data.preprocess import load as load_fit
from lissom.tasks.scene.data.scale import kept_scale
from lissom.tasks.scene.data.scene import Mask, Scene, check_trainable, listed_bands
from lissom.tasks.scene.data.several import Together, bad_bands, together
from lissom.tasks.scene.data.splits import check_trained, merged_truth, split
from lissom.tasks.scene.facts import SceneFacts
from lissom.tasks.scene.ready import Part, SceneData, item_name, of_scene, refuse_twice, short_names, split_notes
from lissom.tasks.scene.settings import SceneConfig, SceneFiles, SceneTrainConfig
from lissom.tasks.scene.unseen import never_trained, reduce
from lissom.tasks.scene.unused import CLASSICAL, refuse_unused
from lissom.training.run import Run

PREPROCESS = "preprocess.npz"


def resolve_from_paper(config: SceneTrainConfig) -> SceneTrainConfig:
    """The same with the window and the reduction that the network's paper has, where the settings leave them open.

    Raises: UsageError for a network that is not for scenes, and for settings that it would pass over in silence.
    """
    name, scene = models.canonical(config.model.model), config.scene
    config = replace(config, model=replace(config.model, model=name))
    known = models.entry(name) if name not in CLASSICAL else None
    if known and known.task != "scene":
        raise UsageError("network-not-for-scenes", name=name, known=", ".join([*models.names("scene"), *CLASSICAL]))
    window = scene.window or (int(known.options["window"]) if known else 1)
    reduction = scene.reduction
    if reduction == "auto":
        all_bands = known is None or known.all_bands  # classical classifiers take them too
        reduction = "bands" if scene.bands else "none" if all_bands else "pca"
    resolved = replace(config, scene=replace(scene, window=window, reduction=reduction))
    refuse_unused(resolved)
    return resolved


def load(config: SceneTrainConfig, listener: Listener = silent, run: Run | None = None) -> SceneData:
    """The scenes of a training, ready for the network; a run that is looked at again keeps the preprocessing it has."""
    settings, files = config.scene, config.scene.files
    if len(files) == 1:
        names = settings.class_names if run is None else None  # their file may be gone; the run has the names
        scenes = [read(replace(settings, class_names=names), listener)]
    else:
        bare = replace(settings, class_names=None)
        scenes = [read(bare, listener, each) for each in files]
        if settings.class_names and run is None:
            scenes = named_alike(scenes, settings.class_names, sum(not each.test for each in files))
    if run is not None and (len(files) == 1 or settings.class_names):
        scenes = [with_names(scene, run.facts) for scene in scenes]
    if run is not None:
        trained = len(settings.trained_files)
        scenes[:trained] = [with_scale(scene, run.facts, k) for k, scene in enumerate(scenes[:trained])]
    return prepare(config, *scenes, fitted=None if run is None else stored_fit(run))


def with_scale(scene: Scene, facts: SceneFacts, k: int) -> Scene:
    """Scene k of a run with the scale that it was trained with, whatever its header says today."""
    if not facts.gains:
        return replace(scene, scale=None)
    if k >= len(facts.gains) or len(facts.gains[k]) not in (0, 1, scene.bands):
        return scene  # another file, which its digest will show
    return replace(scene, scale=kept_scale(facts.gains[k], facts.offsets[k], scene.bands))


def with_names(scene: Scene, facts: SceneFacts) -> Scene:
    """The scene with the names that a run has for the ids of its classes."""
    return _renamed(scene, dict(zip(facts.class_ids, facts.class_names, strict=True)))


def named_alike(scenes: Sequence[Scene], path: str, trained: int) -> list[Scene]:
    """Scenes with the class names of one file, for the ids that are in the first `trained` of them."""
    names = read_class_names(path, tuple(sorted({k for scene in scenes[:trained] for k in scene.class_ids})))
    return [_renamed(scene, {k: str(k) for k in scene.class_ids} | names) for scene in scenes]


def _renamed(scene: Scene, names: Mapping[int, str]) -> Scene:
    pairs = zip(scene.class_ids, scene.class_names, strict=True)
    return replace(scene, class_names=tuple(names.get(class_id, name) for class_id, name in pairs))


def read(config: SceneConfig, listener: Listener = silent, files: SceneFiles | None = None) -> Scene:
    """One of the scenes that the settings name, with its labels; None: the first."""
    files = files or config.files[0]
    scene = open_scene(
        files.cube,
        files.ground_truth,
        variable=config.variable,
        ground_truth_variable=config.ground_truth_variable,
        class_field=config.class_field,
        class_names=config.class_names,
        unlabelled=config.unlabelled,
        no_data=config.no_data,
        scale=config.scale,
        bands_axis=config.bands_axis,
        download=config.download,
        listener=listener,
    )
    if config.split == "maps" and not files.test:  # they may label pixels that the ground truth leaves out
        maps = open_maps(config, files, scene)
        truth = merged_truth(scene.ground_truth, maps["train_map"], maps["test_map"], config.unlabelled)
        scene = relabelled(replace(scene, maps={**scene.maps, **maps}), truth)
    if scene.ground_truth is None:
        raise DataError("scene-no-ground-truth", path=scene.source)
    return scene


def prepare(config: SceneTrainConfig, *given: Scene, fitted: Fitted | None = None) -> SceneData:
    """Splits the scenes, in the order of the settings' files, and reduces their bands; a run that is looked at again
    brings what it has `fitted`.

    Raises: DataError for scenes that do not fit each other, for one that is given twice, and where nothing can test.
    """
    settings, count = config.scene, len(config.scene.trained_files)
    for scene in given:
        check_window(settings.side, scene)
    joined, names = together(given[:count]), short_names([scene.source for scene in given])
    check_trainable(joined.scenes[0])
    splits = [split(s.labels, s.valid, settings.of(files), class_names=s.class_names, maps=maps(settings, s),
                    alone=count == 1) for s, files in zip(joined.scenes, settings.files, strict=False)]  # fmt: skip
    check_trained([each.tally for each in splits if each.tally], joined.scenes[0].class_names)
    seen = [parts.train if by_epochs(config) else parts.train | parts.val for parts in splits]  # all that train
    fitted = fitted or fit_together(settings, joined, seen)
    pairs = zip(names, joined.scenes, joined.bands, splits, strict=False)
    parts = [Part(name=n, scene=s, split=p, reduced=reduce(fitted, s, index)) for n, s, index, p in pairs]
    several, scaled = len(given) > 1, any(scene.scale is not None for scene in joined.scenes)
    told = [of_scene(part.name if several else None, remarks(settings, part.scene)) for part in parts]
    if count > 1:
        far = [unlike(s, fitted, index) for s, index in zip(joined.scenes, joined.bands, strict=True)]
        told += [of_scene(part.name, notes) for part, notes in zip(parts, far, strict=True)]
    for name, scene in zip(names[count:], given[count:], strict=True):
        part, notes = never_trained(name, scene, fitted, joined.scenes[0], scaled=scaled)
        parts.append(part)
        told.append(of_scene(name, notes))
    split_note, warnings = split_notes(settings, parts, by_epochs=by_epochs(config))
    remarked = (*joined.notes, *(each for notes in told for each in notes))
    data = SceneData(parts=tuple(parts), fitted=fitted, window=settings.side, split_note=split_note, warnings=warnings,
                     remarks=remarked)  # fmt: skip
    if several:
        refuse_twice(data)
    return data


def fit_together(config: SceneConfig, joined: Together, train: Sequence[Mask]) -> Fitted:
    """One preprocessing, learned from the pixels of all scenes that train; train: those of each, `H W`."""
    first, *others = joined.scenes
    sources = [
        Source(scene.cube, (scene.valid & seen) if config.fit_on == "train" else scene.valid, index, scene.scale)
        for scene, seen, index in zip(others, train[1:], joined.bands[1:], strict=True)
    ]
    left_out = left_out_bands(config, first, joined)
    masks = {"train": train[0], "valid": first.valid, "left_out": left_out}
    return fit_scene(config, first.cube, **masks, others=sources, scale=first.scale)


def left_out_bands(config: SceneConfig, scene: Scene, joined: Together | None = None) -> NDArray[np.bool_] | None:
    """The empty bands, those that another of the scenes that train together does not have and, unless bands are named,
    those that a file calls bad."""
    scenes, bands = (joined.scenes, joined.bands) if joined else ((scene,), (np.arange(scene.bands),))
    bad = None if config.bands else bad_bands(scenes, bands)
    missing = joined.missing if joined and joined.missing.any() else None
    masks = [mask for mask in (bad, scene.empty, missing) if mask is not None]
    return np.logical_or.reduce(masks) if masks else None


def remarks(config: SceneConfig, scene: Scene) -> tuple[Note, ...]:
    """What a training should say of the scene: its scale, bad bands left out, a map that fits better when turned."""
    notes = [*(scene.scale.notes if scene.scale else ())]
    if scene.good_bands is not None and not config.bands and not scene.good_bands.all():
        bad = np.flatnonzero(~scene.good_bands)
        notes.append(note("scene_files.bad-bands", count=len(bad), bands=listed_bands(bad)))
    if turned := better_turn(scene):
        turn, before, after = turned
        told = {"turn": note(f"scenes.turn-{turn}"), "before": f"{before:.0%}", "after": f"{after:.0%}"}
        notes.append(note("scenes.check-turned", **told))
    return (*notes, *border(scene))


def check_window(side: int, scene: Scene) -> None:
    """Raises: DataError for a window that is larger than the scene."""
    if side > min(scene.height, scene.width):
        raise DataError("scene-window-larger", got=side, height=scene.height, width=scene.width)


def content(config: SceneTrainConfig, listener: Listener = silent) -> dict[str, str]:
    """The digest of each cube and of each map, by setting; they need not fit each other."""
    scene, found, counts = config.scene, {}, {False: 0, True: 0}
    for files in scene.files:
        given = {"ground_truth": files.ground_truth, "train_map": files.train_map, "test_map": files.test_map}
        digested = digests(
            files.cube,
            given,
            variable=scene.variable,
            variables={"ground_truth": scene.ground_truth_variable},
            class_field=scene.class_field,
            unlabelled=scene.unlabelled,
            no_data=scene.no_data,
            bands_axis=scene.bands_axis,
            download=scene.download,
            listener=listener,
        )
        found |= {item_name(name, counts[files.test], files.test): digest for name, digest in digested.items()}
        counts[files.test] += 1
    return found


def maps(config: SceneConfig, scene: Scene) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """The labelled pixels of the training and the test map, where the settings name them."""
    if config.split != "maps":
        return None
    return scene.maps["train_map"] != config.unlabelled, scene.maps["test_map"] != config.unlabelled


def open_maps(config: SceneConfig, files: SceneFiles, scene: Scene) -> dict[str, NDArray[np.integer]]:
    """The training map and the test map, class ids `H W`, by setting."""
    paths = {"train_map": files.train_map, "test_map": files.test_map}
    return {name: open_map(path, scene, class_field=config.class_field) for name, path in paths.items() if path}


def build_network(config: SceneTrainConfig, *, num_classes: int, in_channels: int) -> WindowNet:
    """The network of a run, freshly initialised."""
    chosen: ModelConfig = config.model
    options: dict[str, Any] = {"window": config.scene.window, **chosen.options}
    return models.build(  # type: ignore[return-value]
        chosen.model, num_classes=num_classes, in_channels=in_channels, width=chosen.width, **options
    )


def by_epochs(config: SceneTrainConfig) -> bool:
    """Classical classifiers have none."""
    return config.model.model not in CLASSICAL


def inputs(config: SceneTrainConfig, facts: SceneFacts) -> tuple[tuple[int, ...], ...]:
    """One pixel whose window is cut."""
    return ((facts.in_channels, facts.window, facts.window),)


def build(config: SceneTrainConfig, facts: SceneFacts) -> WindowNet:
    """The network of a run, with random weights."""
    return build_network(config, num_classes=len(facts.class_names), in_channels=facts.in_channels)


def stored_fit(run: Run) -> Fitted:
    """The preprocessing that was learned with the run. Raises: DataError when the file is damaged or another run's."""
    fitted = load_fit(run.path / PREPROCESS)
    if (fitted.bands, fitted.components) != (run.facts.bands, run.facts.in_channels):
        raise DataError("scene-preprocess-unreadable", path=run.path / PREPROCESS, reason=note("scene_fit.misfit"))
    return fitted

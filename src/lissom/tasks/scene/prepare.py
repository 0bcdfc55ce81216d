"""From the settings of a run on a scene to its pixels, as the network reads them, and to the network."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lissom import models
from lissom.config import ModelConfig
from lissom.errors import DataError, UsageError
from lissom.events import Listener, Note, note, silent
from lissom.models.window_net import WindowNet
from lissom.tasks.scene.data.arrangement import better_turn
from lissom.tasks.scene.data.batches import Reduced
from lissom.tasks.scene.data.border import border
from lissom.tasks.scene.data.opening import content as digests
from lissom.tasks.scene.data.opening import open_map, open_scene, relabelled
from lissom.tasks.scene.data.preprocess import Fitted, fit_scene
from lissom.tasks.scene.data.preprocess import load as load_fit
from lissom.tasks.scene.data.scale import from_facts
from lissom.tasks.scene.data.scene import Scene, check_trainable, listed_bands
from lissom.tasks.scene.data.splits import Split, leak, merged_truth, split
from lissom.tasks.scene.facts import SceneFacts
from lissom.tasks.scene.settings import SceneConfig, SceneTrainConfig
from lissom.tasks.scene.unused import CLASSICAL, refuse_unused
from lissom.training.run import DataUsed, Item, Run, items_digest, parts_digest

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


@dataclass(frozen=True, kw_only=True)
class SceneData:
    """A scene that has been read, split and reduced."""

    scene: Scene
    split: Split
    fitted: Fitted
    reduced: Reduced
    window: int
    """Side of the window that a network sees, pixels."""
    remarks: tuple[Note, ...] = ()
    """What the training says of the scene."""
    other: tuple[Note, ...] = ()
    """Of a scene that a run was not trained on: what of it is measured."""

    @property
    def name(self) -> str:
        return self.scene.name.replace(" ", "-").lower()

    @property
    def used(self) -> DataUsed:
        """For the run folder."""
        made_up = (note("scenes.check-synthetic"),) if self.scene.name == "synthetic" else ()
        return DataUsed(
            source=self.scene.source,
            digest=items_digest(self.items),
            parts=parts_digest(self.split.train, self.split.val, self.split.test),
            sizes=self.sizes,
            split=self.split.note,
            warnings=made_up + self.scene.notes + self.remarks + self.split.warnings,
            notes=(self.fitted.note,),
        )

    @property
    def items(self) -> dict[str, Item]:
        """The cube and its maps, by setting."""
        return {name: Item(digest) for name, digest in self.scene.items.items()}

    @property
    def facts(self) -> SceneFacts:
        """What a network must know of this scene."""
        nm = self.scene.wavelengths_nm
        return SceneFacts(
            class_names=self.scene.class_names,
            class_ids=self.scene.class_ids,
            colours=self.scene.colours,
            window=self.window,
            in_channels=self.fitted.components,
            bands=self.scene.bands,
            wavelengths_nm=None if nm is None else tuple(nm.tolist()),
            **(self.scene.scale.to_facts() if self.scene.scale else {}),
        )

    @property
    def sizes(self) -> dict[str, int]:
        """Pixels that train, choose and test."""
        return {name: int(getattr(self.split, name).sum()) for name in ("train", "val", "test")}

    def leak(self, window: int) -> float:
        """Share of the test windows that hold a training pixel."""
        return leak(self.split, window)


def load(config: SceneTrainConfig, listener: Listener = silent, run: Run | None = None) -> SceneData:
    """The scene of a training, ready for the network; a run that is looked at again keeps the preprocessing it has."""
    if run is None:
        return prepare(config, read(config.scene, listener))
    scene = read(replace(config.scene, class_names=None), listener)  # their file may be gone; the run has the names
    return prepare(config, with_names(with_scale(scene, run.facts), run.facts), fitted=stored_fit(run))


def with_scale(scene: Scene, facts: SceneFacts) -> Scene:
    """The scene of a run with the scale that it was trained with, whatever its header says today."""
    return replace(scene, scale=from_facts(facts.gain, facts.offset, facts.bands))


def with_names(scene: Scene, facts: SceneFacts) -> Scene:
    """The scene with the names that a run has for the ids of its classes."""
    known = dict(zip(facts.class_ids, facts.class_names, strict=True))
    pairs = zip(scene.class_ids, scene.class_names, strict=True)
    return replace(scene, class_names=tuple(known.get(class_id, name) for class_id, name in pairs))


def read(config: SceneConfig, listener: Listener = silent) -> Scene:
    """The scene that the settings name, with labels enough to train on."""
    scene = open_scene(
        config.cube,
        config.ground_truth,
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
    if config.split == "maps":  # they may label pixels that the ground truth leaves out
        maps = open_maps(config, scene)
        truth = merged_truth(scene.ground_truth, maps["train_map"], maps["test_map"], config.unlabelled)
        scene = relabelled(replace(scene, maps={**scene.maps, **maps}), truth)
    check_trainable(scene)
    return scene


def prepare(config: SceneTrainConfig, scene: Scene, *, fitted: Fitted | None = None) -> SceneData:
    """Splits the scene and reduces its bands; a run that is looked at again brings what it has `fitted`."""
    settings = config.scene
    check_window(settings.side, scene)
    parts = split(scene.labels, scene.valid, settings, class_names=scene.class_names, maps=maps(settings, scene))
    left_out = left_out_bands(settings, scene)
    fitted = fitted or fit_scene(
        settings, scene.cube, train=parts.train, valid=scene.valid, left_out=left_out, scale=scene.scale
    )
    reduced = reduce(fitted, scene)
    told = remarks(settings, scene)
    return SceneData(scene=scene, split=parts, fitted=fitted, reduced=reduced, window=settings.side, remarks=told)


def left_out_bands(config: SceneConfig, scene: Scene) -> NDArray[np.bool_] | None:
    """The empty bands and, unless bands are named, those that the file calls bad."""
    bad = None if config.bands or scene.good_bands is None else ~scene.good_bands
    return scene.empty if bad is None else bad if scene.empty is None else bad | scene.empty


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
    """The digest of the cube and of each map, by setting; they need not fit each other."""
    scene = config.scene
    given = {"ground_truth": scene.ground_truth, "train_map": scene.train_map, "test_map": scene.test_map}
    return digests(
        scene.cube,
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


def maps(config: SceneConfig, scene: Scene) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """The labelled pixels of the training and the test map, where the settings name them."""
    if config.split != "maps":
        return None
    return scene.maps["train_map"] != config.unlabelled, scene.maps["test_map"] != config.unlabelled


def open_maps(config: SceneConfig, scene: Scene) -> dict[str, NDArray[np.integer]]:
    """The training map and the test map, class ids `H W`, by setting."""
    paths = {"train_map": config.train_map, "test_map": config.test_map}
    return {name: open_map(path, scene, class_field=config.class_field) for name, path in paths.items() if path}


def reduce(fitted: Fitted, scene: Scene, bands: NDArray[np.intp] | None = None) -> Reduced:
    """The scene's components, the channels first: `components H W`; of another scene, `bands` are those to take."""
    stored = fitted.of_stored(scene.scale, np.s_[:] if bands is None else bands)
    values = stored.apply(scene.cube, scene.valid, bands)
    return Reduced(torch.from_numpy(values).permute(2, 0, 1).contiguous())


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
    """The preprocessing that was learned with the run. Raises: DataError when the file is damaged."""
    return load_fit(run.path / PREPROCESS)

"""Settings of scenes and their networks that a training would pass over in silence: refused, with the reason."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from lissom.errors import UsageError
from lissom.events import note
from lissom.tasks.scene.data.envi_files import TIFF
from lissom.tasks.scene.data.opening import SYNTHETIC, known_scene
from lissom.tasks.scene.data.reading import ENVI
from lissom.tasks.scene.data.vectors import VECTORS
from lissom.tasks.scene.settings import READING, SceneTrainConfig

CLASSICAL = ("svm", "random_forest", "knn")  # `classical`, which scikit-learn comes with
ONE_ARRAY = (".npy", *TIFF, *ENVI)  # files that hold no second one


class Rule(NamedTuple):
    """When some settings do nothing, so that they must have their defaults."""

    why: str
    """Key of the sentence's clause, in `scene_unused`."""
    names: tuple[str, ...]
    when: Callable[[SceneTrainConfig], bool]
    also: tuple[Any, ...] = ()
    """Values besides the default that change nothing, and may stand there."""


def _classical(config: SceneTrainConfig) -> bool:
    return config.model.model in CLASSICAL


def _synthetic(config: SceneTrainConfig) -> bool:
    return all(files.cube == SYNTHETIC for files in config.scene.files)


def _one_array(*paths: str | None) -> bool:
    return all(path is not None and Path(path).suffix.lower() in ONE_ARRAY for path in paths)


def _maps(config: SceneTrainConfig) -> list[str | None]:
    return [path for files in config.scene.files for path in (files.ground_truth, files.train_map, files.test_map)]


def _shapes(path: str | None) -> bool:
    return path is not None and Path(path).suffix.lower() in VECTORS


def _nothing_drawn(config: SceneTrainConfig) -> bool:
    return config.scene.split == "maps" and (not config.scene.val_fraction or _classical(config))


def _nothing_learned(config: SceneTrainConfig) -> bool:
    return config.scene.reduction != "pca" and config.scene.standardise is False


STEPS = tuple(field.name for field in fields(SceneTrainConfig().optim))
LOOP = (
    "epochs", "batch_size", "accumulate", "precision", "channels_last", "compile", "patience", "checkpoint_minutes",
    "devices", "sync_bn",
)  # fmt: skip
MADE = ("ground_truth", *READING, "download")

RULES = (
    Rule("no-network", ("weights", "options", "width"), _classical),
    Rule("at-once", (*STEPS, *LOOP), _classical),
    Rule("on-cpu", ("device",), _classical, also=("cpu",)),
    Rule("one-pixel", ("window",), _classical, also=(1,)),
    Rule("all-train", ("val_fraction",), _classical),
    Rule("nothing-random", ("seed",), lambda c: c.model.model == "knn"),
    Rule("not-reduced", ("components",), lambda c: c.scene.reduction == "none"),
    Rule("bands-named", ("components",), lambda c: bool(c.scene.bands) and c.scene.reduction != "pca"),
    Rule("no-components", ("whiten",), lambda c: c.scene.reduction != "pca"),
    Rule("nothing-learned", ("fit_on",), _nothing_learned),
    Rule("maps", ("train_fraction", "train_per_class"), lambda c: c.scene.split == "maps"),
    Rule("per-class", ("train_fraction",), lambda c: c.scene.train_per_class is not None),
    Rule("no-blocks", ("block", "guard"), lambda c: c.scene.split != "disjoint"),
    Rule("nothing-drawn", ("split_seed",), _nothing_drawn),
    Rule("synthetic", MADE, _synthetic),
    Rule("one-array", ("variable",), lambda c: _one_array(*(f.cube for f in c.scene.files))),
    Rule("one-array", ("ground_truth_variable",), lambda c: _one_array(*(f.ground_truth for f in c.scene.files))),
    Rule("no-shapes", ("class_field",), lambda c: not any(map(_shapes, _maps(c)))),
    Rule("file", ("download",), lambda c: all(known_scene(files.cube) is None for files in c.scene.files)),
    Rule("no-test-scene", ("test_ground_truth",), lambda c: c.scene.test_cube is None),
)


def refuse_unused(config: SceneTrainConfig) -> None:
    """Raises: UsageError for the first setting that the others leave without effect; those that are resolved pass."""
    values, defaults = _flat(config), _flat(SceneTrainConfig())
    for rule in RULES:
        for name in rule.names:
            if values[name] not in (defaults[name], *rule.also) and rule.when(config):
                raise _unused(config, name, rule.why)


def _unused(config: SceneTrainConfig, name: str, why: str) -> UsageError:
    """The error that says why a setting does nothing."""
    default, cubes = _flat(SceneTrainConfig())[name], ", ".join(files.cube for files in config.scene.files)
    clause = note(f"scene_unused.{why}", network=config.model.model, split=config.scene.split, cube=cubes)
    expected = note("scene_unused.none") if default in (None, "", {}) else default
    return UsageError("scene-setting-unused", name=name, got=_flat(config)[name], why=clause, expected=expected)


def is_drawn(config: SceneTrainConfig) -> tuple[bool, bool]:
    """Whether the split, and whether the training, depend on their seeds."""
    return not _nothing_drawn(config), config.model.model != "knn"


def _flat(config: SceneTrainConfig) -> dict[str, Any]:
    return {name: value for section in vars(config).values() for name, value in vars(section).items()}

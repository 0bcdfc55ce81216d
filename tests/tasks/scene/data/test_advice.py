"""What would help where a disjoint split leaves a class without pixels of a part."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat

from lissom.config import updated_flat
from lissom.tasks.scene.data.advice import advice, lacking, settings_to_try
from lissom.tasks.scene.data.check import check
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.data.splits import Tally, split
from lissom.tasks.scene.settings import SceneConfig, SceneTrainConfig


def scene_of(ids: np.ndarray) -> Scene:
    present = tuple(int(k) for k in np.unique(ids) if k)
    return Scene(cube=np.zeros((*ids.shape, 3)), ground_truth=ids, class_ids=present, valid=np.ones(ids.shape, bool),
                 class_names=tuple(f"class {k}" for k in present), colours=((0, 0, 0),) * len(present),
                 name="made", source="made")  # fmt: skip


def patch() -> Scene:
    """Two large fields, and a class of 3 x 7 pixels between them."""
    ids = np.ones((40, 60), int)
    ids[:, 30:] = 2
    ids[18:21, 26:33] = 3
    return scene_of(ids)


def tally(scene: Scene, config: SceneConfig) -> Tally:
    found = split(scene.labels, scene.valid, config, class_names=scene.class_names).tally
    assert found
    return found


def said(scene: Scene, config: SceneConfig, **parts: Any) -> list[str]:
    return [str(note) for note in advice([scene], config, tally(scene, config), **{"val": True, "test": True} | parts)]


def with_setting(config: SceneConfig, sentence: str) -> SceneConfig:
    """The settings with the flag that the sentence names."""
    words = sentence.split()
    flag = next(k for k, word in enumerate(words) if word.startswith("--"))
    value = float(words[flag + 1])
    name = words[flag].strip("-").replace("-", "_")
    whole = updated_flat(SceneTrainConfig(scene=config), {name: int(value) if value == int(value) else value})
    return whole.scene


def test_a_setting_that_is_named_works() -> None:
    scene, config = patch(), SceneConfig(split="disjoint", window=25)
    assert lacking(tally(scene, config), val=True, test=True).test.tolist() == [2]
    told = said(scene, config)
    assert "With --window 11 every class" in told[-1]
    assert lacking(tally(scene, with_setting(config, told[-1])), val=True, test=True).none
    assert said(scene, replace(config, window=5)) == []
    assert said(scene, replace(config, split="random")) == []


def test_a_class_without_validation_pixels_is_named_where_some_choose() -> None:
    """21 pixels at 0.04 are one, which trains; the double share is two."""
    scene, config = patch(), SceneConfig(split="disjoint", window=1, train_fraction=0.04)
    told = said(scene, config)
    assert told[0].endswith("best: class 3.")
    assert "With --train-fraction 0.08" in told[1]
    assert lacking(tally(scene, with_setting(config, told[1])), val=True, test=True).none
    assert said(scene, config, val=False) == said(scene, replace(config, val_fraction=0.0)) == []


def test_what_was_tried_in_vain_is_said_and_no_smaller_guard_is() -> None:
    scene, config = patch(), SceneConfig(split="disjoint", window=25, guard=12, train_per_class=5)
    (told,) = said(scene, config)
    tried = "--split-seed 1, --split-seed 2, --split-seed 3, --block 6, --block 24"
    assert f"({tried})" in told
    assert "--test-cube" in told
    assert [name for name, _ in settings_to_try(config)] == ["split_seed"] * 3 + ["block"] * 2
    assert said(scene, config, test=False) == []


def test_a_class_of_two_pixels_cannot_be_helped() -> None:
    few = Tally(*(np.array(counts) for counts in ([2, 9], [1, 5], [0, 1], [1, 3], [1, 6])))
    assert lacking(few, val=True, test=True).none


def test_check_data_names_the_classes_and_a_window_for_them() -> None:
    scene = patch()
    rng = np.random.default_rng(0)
    cube = rng.normal(size=(*scene.valid.shape, 4))
    found = check(cube, np.asarray(scene.ground_truth))
    assert found["untested"] == ["3"]
    assert any("window of 25 leaves classes without a test pixel: 3." in warning for warning in found["warnings"])
    assert any("--window 11" in warning for warning in found["warnings"])
    assert check(cube, np.asarray(scene.ground_truth), window=5)["untested"] == []


@pytest.mark.parametrize(("name", "helps"), [("Indian_pines_gt", "--window 11 "), ("paviaU_gt", "")])
def test_real_maps(real_data: Any, name: str, helps: str) -> None:
    (ids,) = (value for key, value in loadmat(real_data / "label_maps" / f"{name}.mat").items() if key[0] != "_")
    scene, config = scene_of(ids.astype(int)), SceneConfig(split="disjoint", window=25)
    told = said(scene, config)
    assert bool(told) == bool(helps)
    if told:
        assert helps in told[-1]
        assert lacking(tally(scene, with_setting(config, told[-1])), val=True, test=True).none

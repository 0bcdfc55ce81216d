"""A run's network is asked for as it was trained, and what is no run stays as it is."""

from pathlib import Path
from typing import Any

import pytest

from lissom.config import ModelConfig
from lissom.models.resolve import ModelRequest, resolve_model
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.training.request import model_request, without_runs
from lissom.training.run import open_run
from training.test_run import SCENE, begun

SETTINGS = ModelConfig(model="mobilenetv1_cifar", width=0.5, options={"depthwise": False})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return begun(tmp_path, ClassifyTrainConfig(model=SETTINGS))


def test_a_run_gives_its_own_settings_and_facts(run: Path) -> None:
    found = without_runs(ModelRequest(model=run, num_classes=9, in_channels=9, width=2.0, options={"shallow": True}))
    assert found == ModelRequest(
        model="mobilenetv1_cifar", width=0.5, options={"depthwise": False}, in_channels=3, num_classes=2, resolution=32
    )


def test_of_the_request_resolution_and_shapes_stay(run: Path) -> None:
    found = without_runs(ModelRequest(model=str(run), resolution=64, input_shapes=((3, 5, 7),)))
    assert (found.resolution, found.input_shapes) == (64, ((3, 5, 7),))


def test_an_opened_run_does_as_well_as_its_folder(run: Path) -> None:
    opened: Any = open_run(run)
    assert without_runs(ModelRequest(model=opened)) == without_runs(ModelRequest(model=run))


def test_a_scene_gives_its_window_too(tmp_path: Path) -> None:
    run = open_run(begun(tmp_path, SceneTrainConfig(model=ModelConfig(model="cnn2d")), SCENE))
    found = model_request(run, ModelRequest(model=run.path))
    assert (found.options, found.resolution, found.in_channels) == ({"window": 9}, 9, SCENE.in_channels)
    assert [tuple(x.shape) for x in resolve_model(found).inputs] == [(1, SCENE.in_channels, 9, 9)]


@pytest.mark.parametrize("model", ["mobilenetv1", "torchvision.models:resnet18", "runs/none"])
def test_what_is_no_run_stays(model: str) -> None:
    request = ModelRequest(model=model)
    assert without_runs(request) is request

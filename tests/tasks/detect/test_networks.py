"""The detectors of the catalogue: their counts, what of them is frozen, and model files in their place."""

import json
from pathlib import Path

import pytest
import torch

from lissom import models
from lissom.cli import main
from lissom.config import updated_flat
from lissom.engine.layers import layers, trunk
from lissom.errors import UsageError
from lissom.models.catalogue.detectors import macs_at
from lissom.models.listing import list_models
from lissom.profiler.counting import count
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.network import build
from lissom.tasks.detect.networks import named_file
from lissom.tasks.detect.rows.mend import as_text
from lissom.tasks.detect.rows.reading import parse
from lissom.tasks.detect.settings import DetectTrainConfig
from tasks.detect import row_files as files

NAMES = models.names("detect")
ROWS = [(name, row) for name in NAMES for row in models.entry(name).published]
DEEP = ("yolov5m", "yolov5l", "yolov5x")
CASES = [pytest.param(*case, marks=pytest.mark.slow if case[0] in DEEP else ()) for case in ROWS]


def on_meta(name: str, **options: object) -> torch.nn.Module:
    with torch.device("meta"):
        return models.build(name, **{"num_classes": 80, **options}).eval()


@pytest.mark.parametrize(("name", "row"), CASES)
def test_the_catalogue_says_what_is_counted(name: str, row: models.Published) -> None:
    found = count(on_meta(name, **row.options), resolution=row.resolution, in_channels=3)
    assert (found.parameters, found.macs) == (row.parameters, row.macs)


@pytest.mark.parametrize(("name", "momenta"), [
    ("yolov5n", {0.03}),                       # YOLOv5's own
    ("yolo_mobilenetv3_small", {0.1, 0.03}),   # the backbone's was 0.01
    ("yolo_mobilenetv2", {0.1, 0.03}),         # torch's
])  # fmt: skip
def test_no_norm_of_a_detector_that_is_trained_is_slow(name: str, momenta: set[float]) -> None:
    """With 0.01 statistics lag a hundred steps behind, and each layer's lag multiplies with those before it."""
    anchors = tuple(((10.0, 13.0),) for _ in range(3))
    facts = DetectFacts(class_names=("a",), resolution=64, strides=(8, 16, 32), anchors=anchors)
    with torch.device("meta"):
        made = build(updated_flat(DetectTrainConfig(), {"model": name}), facts)
    assert {module.momentum for module in made.modules() if isinstance(module, torch.nn.BatchNorm2d)} == momenta


@pytest.mark.parametrize(("name", "row"), CASES)
def test_macs_at_other_sides_follow_from_those_at_one(name: str, row: models.Published) -> None:
    model, side = on_meta(name, **row.options), 416 if dict(row.options) or row.resolution == 416 else 320
    assert count(model, resolution=side, in_channels=3).macs == macs_at(name, row, side)


@pytest.mark.parametrize(("name", "parameters"), [
    ("yolov5n", 1_872_157), ("yolov5s", 7_235_389), ("yolov5x", 86_749_405),
    ("yolo_mobilenetv3_small", 3_761_437), ("yolo_mobilenetv3_large", 5_742_125),
])  # fmt: skip
def test_parameters_as_others_count_them(name: str, parameters: int) -> None:
    assert models.entry(name).published[0].parameters == parameters


def test_a_light_neck_costs_less_than_its_backbone_times_two() -> None:
    for name in NAMES:
        if name.startswith("light_"):
            continue
        stock, light = models.entry(name).published
        assert light.parameters < stock.parameters
        assert light.macs < stock.macs


@pytest.mark.parametrize("name", ["yolo_shufflenetv2", "yolov5n"])
def test_what_is_frozen_is_the_backbone_and_the_rest_learns(name: str) -> None:
    model = on_meta(name, width=0.25, neck="light")
    frozen = {id(p) for part in trunk(model) for p in part.parameters()}
    free = {id(p) for p in layers(model)[-1].parameters()}
    assert {id(p) for p in model.parameters()} == frozen | free
    assert not frozen & free
    inside = model.backbone if model.backbone is not None else model.rows[:10]
    assert frozen == {id(p) for p in inside.parameters()}


def test_width_scales_all_and_one_class_and_grey_images_are_taken() -> None:
    model = models.build("yolo_mobilenetv2", num_classes=1, in_channels=1, width=0.25, neck="light")
    maps = model.eval()(torch.zeros(1, 1, 64, 96))
    assert [tuple(each.shape) for each in maps] == [(1, 3, 8, 12, 6), (1, 3, 4, 6, 6), (1, 3, 2, 3, 6)]
    assert models.identity(model).settings == {
        "num_classes": 1, "in_channels": 1, "width": 0.25, "neck": "light"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["yolov5n", "yolo_ghostnet"])
@pytest.mark.parametrize("neck", ["stock", "light"])
def test_each_is_a_model_file_that_says_the_same(name: str, neck: str) -> None:
    file = named_file(name, neck=neck)
    assert parse(as_text(file), where="again.yaml") == file


def test_they_are_listed_and_named_as_a_family_of_their_own() -> None:
    listed = {row["network"] for family in ("yolo", "light") for row in list_models(family)}
    assert set(NAMES) == listed
    assert not set(NAMES) & {*models.names(), *models.names("scene")}
    with pytest.raises(UsageError, match="neck of network yolov5n is 'thin'"):
        models.build("yolov5n", neck="thin")


def test_they_are_not_taken_for_networks_of_photos(capsys: pytest.CaptureFixture[str]) -> None:
    for name, task in (("yolov5n", "detect"), ("hybridsn", "scene")):
        assert main.run(["train", "classify", "--model", name, "--dry-run"]) == 2
        assert f"lissom train {task}" in capsys.readouterr().err


def test_a_model_file_is_profiled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(files.stock(0.33, 0.25))
    assert main.run(["profile", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["network"], found["resolution"], found["parameters"]) == ("mine.yaml", 640, 1_872_157)
    broken = tmp_path / "broken.yaml"
    broken.write_text(files.as_printed())
    assert main.run(["profile", str(broken)]) == 3
    assert "several backbones" in capsys.readouterr().err

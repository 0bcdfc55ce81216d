"""A look inside a detector: where each level is sure, the blocks of its backbone, its kernels and activations."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from lissom import models
from lissom.inspection.inspect import inspect_samples
from lissom.inspection.samples import Samples
from lissom.inspection.twins import blocks
from lissom.tasks.detect import samples as place
from lissom.tasks.detect.data.opening import open_pictures
from lissom.tasks.detect.data.synthetic import write_synthetic
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.samples import heat

ANCHORS = tuple(((10.0, 12.0), (20.0, 20.0)) for _ in range(3))
FACTS = DetectFacts(class_names=("disc", "square"), resolution=64, strides=(8, 16, 32), anchors=ANCHORS)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Of a network with random weights."""
    folder = tmp_path_factory.mktemp("inspect")
    write_synthetic(folder / "data", train=10, val=2, test=2, side=64, classes=2)
    torch.manual_seed(0)
    model = models.build("yolo_mobilenetv3_small", num_classes=2, width=0.25, neck="light").eval()
    anchors = tuple(tuple((w, h) for w, h in level) for level in model.head.anchors.tolist())
    facts = replace(FACTS, anchors=anchors)
    run: Any = SimpleNamespace(facts=facts, record=SimpleNamespace(network="tiny"))
    data = open_pictures(folder / "data", cache_dir=folder / "cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, "trained", lambda run, device: model)
        return place.samples(run, data, "train", most=6, device="cpu")


def test_it_looks_at_pictures_of_each_class(samples: Samples) -> None:
    assert len(samples) == 6
    assert set(samples.labels.tolist()) == {0, 1, 2}
    assert samples.class_names == ("disc", "square", "background")
    first, second = samples.batches(4)
    assert (first.shape, second.shape) == ((4, 3, 64, 64), (2, 3, 64, 64))
    again = samples.normalise(samples.pixels(np.arange(6)))
    assert torch.equal(torch.cat([first, second]), again)


def test_the_heat_of_a_cell_is_its_highest_score() -> None:
    """At stride 16 the second anchor of row 1, column 3 is sure of the first class."""
    raw = [torch.full((1, 2, 64 // stride, 64 // stride, 7), -9.0) for stride in FACTS.strides]
    raw[1][0, 1, 1, 3, 4:6] = 2.0
    maps = heat(raw, (64, 64), FACTS)
    assert [tuple(each.shape) for each in maps] == [(1, 8, 8), (1, 4, 4), (1, 2, 2)]
    assert maps[1][0, 1, 3].item() == pytest.approx(torch.tensor(2.0).sigmoid().item() ** 2)
    assert sum(int((each > 0.01).sum()) for each in maps) == 1


def test_the_blocks_are_those_of_its_backbone() -> None:
    with torch.device("meta"):
        light, stock = (models.build(name, num_classes=2) for name in ("yolo_mobilenetv2", "yolov5n"))
    assert blocks(light)[:2] == ["backbone.stem", "backbone.blocks.0"]
    assert blocks(stock) == []


def test_all_is_written_and_every_level_is_drawn(samples: Samples, tmp_path: Path) -> None:
    result = inspect_samples(samples, source="here", folder=tmp_path, batch_size=4)
    assert [(row["stride"], row["cells"]) for row in result["levels"]] == [(8, "8 x 8"), (16, "4 x 4"), (32, "2 x 2")]
    assert all(0 <= row["sure_cells"] <= row["sure_images"] <= 1 for row in result["levels"])
    assert all(0 < row["highest"] < 0.5 for row in result["levels"])  # it has learned nothing
    assert result["kernels"]
    assert result["activations"]
    assert result["twins"][1]["block"] == "backbone.blocks.0"
    assert {"inspect_levels.png", "inspect_levels.csv", "inspect_twin_maps.png"} <= {p.name for p in tmp_path.iterdir()}
    assert json.loads((tmp_path / "inspect.json").read_text())["levels"] == result["levels"]
    assert "Where the detector is sure" in (tmp_path / "inspect.html").read_text(encoding="utf-8")

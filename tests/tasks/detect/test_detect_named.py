"""A detector by its name: with a run of it, or one line that says what is missing."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lissom
from lissom.errors import DataError, UsageError
from lissom.tasks.detect import named as place
from lissom.tasks.detect.named import named
from lissom.tasks.detect.settings import DetectOptions
from lissom.training.opened import model_task, open_model, with_weights


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A folder that counts as a run of yolov5n."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "best.safetensors").touch()
    (folder / "last.safetensors").touch()
    model = SimpleNamespace(model="yolov5n")
    found: Any = SimpleNamespace(
        path=folder, best=folder / "best.safetensors", task=SimpleNamespace(name="detect"), facts="facts",
        config=SimpleNamespace(model=model),
    )  # fmt: skip
    monkeypatch.setattr(place, "is_run", lambda path: path == folder)
    monkeypatch.setattr(place, "open_run", lambda path: found)
    return found


def test_a_name_is_of_the_task_of_its_network() -> None:
    assert [model_task(name).name for name in ("yolov5n", "YOLOv5n", "mobilenetv2")] == ["detect", "detect", "classify"]
    with pytest.raises(UsageError, match="hybridsn is a network for the task scene, whose predictions need"):
        model_task("hybridsn")


@pytest.mark.parametrize("weights", ["", "best.safetensors"])
def test_its_run_or_its_best_weights_are_taken(run: Any, weights: str) -> None:
    opened, options = with_weights(open_model("YOLOv5n"), DetectOptions(weights=str(run.path / weights), iou=0.6))
    assert opened.run is run
    assert (options.weights, options.iou) == (None, 0.6)


def test_what_is_no_run_of_it_is_one_line(run: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is of yolov5n, not of yolov5s\. Use `lissom predict"):
        named("yolov5s", DetectOptions(weights=str(run.path)))
    with pytest.raises(DataError, match="does not say which classes and anchors"):
        named("yolov5n", DetectOptions(weights=str(run.path / "last.safetensors")))
    (tmp_path / "other.pt").touch()
    for path in ("other.pt", "nowhere.pt"):
        with pytest.raises(DataError, match="expected a run of yolov5n, or the best weights in its folder"):
            named("yolov5n", DetectOptions(weights=str(tmp_path / path)))
    for verb in (lissom.predict, lissom.evaluate):
        with pytest.raises(UsageError, match="yolov5n is a network without weights, and none are published"):
            verb("yolov5n", str(tmp_path))

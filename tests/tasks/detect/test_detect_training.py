"""A detector from its data to a file, by the verbs: trained, resumed, evaluated, predicted with, exported."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import lissom
from lissom.engine.training import Training
from lissom.errors import DataError, Interrupted, ResultError, UsageError
from lissom.events import EpochEnded, Stop
from lissom.runs.weights import digest, read_weights
from lissom.tasks.detect.data.synthetic import write_synthetic
from lissom.training.run import Run

SMALL: dict[str, Any] = {
    "model": "yolo_mobilenetv3_small", "width": 0.25, "options": {"neck": "light"}, "epochs": 2, "batch_size": 8,
    "threads": 1, "device": "cpu", "workers": 0, "warmup_epochs": 0.5,
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("detect")
    write_synthetic(folder / "data", train=18, val=4, test=6, side=64, classes=2)
    return folder


def train(place: Path, name: str, **settings: Any) -> Run:
    given = {"data": str(place / "data" / "data.yaml"), "cache_dir": str(place / "cache"), **SMALL, **settings}
    return lissom.train("detect", runs_dir=place / "runs", name=name, **given)


@pytest.fixture(scope="module")
def whole(place: Path) -> Run:
    return train(place, "whole")


def weights_of(run: Run) -> str:
    return digest(read_weights(run.last)[0])


def test_a_run_keeps_what_was_learned_and_how_it_was_judged(whole: Run) -> None:
    assert (whole.status, whole.facts.class_names, whole.facts.resolution) == ("finished", ("disc", "square"), 64)
    assert whole.facts.strides == (8, 16, 32)
    assert whole.config.engine.epochs == len(whole.history) == 2
    for row in whole.history:
        assert {"loss_box", "loss_objectness", "loss_class", "map50_95", "map50", "loss"} <= row.keys()
        assert sum(row[f"positives_p{level}"] for level in (3, 4, 5)) > 0
    assert whole.test["images"] == 6
    assert 0 <= whole.test["map50_95"] <= whole.test["map50"] <= 1
    low, high = whole.record.intervals["map50_95"]
    assert low <= high
    names = {file.name for file in whole.path.iterdir()}
    assert {"targets.png", "predictions.png", "curves_pr.svg", "confusion.csv", "per_class.csv", "report.html"} <= names
    page = (whole.path / "report.html").read_text(encoding="utf-8")
    assert "mAP50-95" in page
    assert "Stride 8" in page
    assert "mAP50-95" in (whole.path / "model_card.md").read_text(encoding="utf-8")


def test_the_rate_is_that_of_the_nominal_batch_scaled_to_ours(whole: Run) -> None:
    optim = whole.config.optim
    assert optim.lr == pytest.approx(4e-3 * 8 / 64)
    assert optim.weight_decay == pytest.approx(0.05 * 8 / 64)
    assert whole.record.asked["optim"]["lr"] == 4e-3


def test_stopped_then_resumed_is_bit_identical(place: Path, whole: Run) -> None:
    stop = Stop()

    def listener(event: object) -> None:
        if isinstance(event, EpochEnded):
            stop.ask()

    with pytest.raises(Interrupted):
        lissom.train("detect", runs_dir=place / "runs", name="cut", listener=listener, stop=stop,
                     data=str(place / "data"), cache_dir=str(place / "cache"), **SMALL)  # fmt: skip
    resumed = lissom.resume(place / "runs" / "cut")
    assert weights_of(resumed) == weights_of(whole)
    assert resumed.test == whole.test


def test_worker_processes_change_nothing(place: Path, whole: Run) -> None:
    assert weights_of(train(place, "workers", workers=2)) == weights_of(whole)


def test_two_parts_give_the_gradients_of_their_mean(place: Path) -> None:
    """As two processes do, which the engine's own tests compare."""
    runs = [train(place, f"parts{n}", accumulate=n, epochs=1, norm_warmup=False, ema=0.0) for n in (1, 2)]
    losses = [run.history[0]["train_loss"] for run in runs]
    assert losses[0] == pytest.approx(losses[1], rel=0.2)  # norms see half as many images


def test_it_is_evaluated_again_and_on_other_data(place: Path, whole: Run) -> None:
    again = lissom.evaluate(whole.path, write=False)
    assert again["map50_95"] == whole.test["map50_95"]
    assert again["data"] == "own"
    write_synthetic(place / "other", train=5, val=3, side=48, classes=2, seed=9)
    other = lissom.evaluate(whole.path, place / "other")
    assert (other["data"], other["images"]) == ("other", 8)
    write_synthetic(place / "strange", train=6, val=3, side=48, classes=3, seed=9)
    with pytest.raises(DataError, match="'triangle', which the run was not trained on"):
        lissom.evaluate(whole.path, place / "strange")
    trained = lissom.evaluate(whole.path, split="train", write=False)
    assert trained["images"] == 18


def test_it_predicts_upright_pixels_and_writes_what_is_asked(place: Path, whole: Run, tmp_path: Path) -> None:
    shapes = np.zeros((40, 80, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned: seen upright it is 40 wide and 80 high
    Image.fromarray(shapes).save(tmp_path / "turned.jpg", exif=exif)
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    out = tmp_path / "out"
    options = {"confidence": 0.0, "max_boxes": 3, "output": str(out)}
    kinds = ("pictures", "yolo", "coco", "csv", "crops")
    rows = lissom.predict(whole.path, [tmp_path / "*.jpg", place / "data/images/test"], write=kinds, **options)
    assert len(rows) == 8
    by_name = {Path(row["file"]).name: row for row in rows}
    turned = by_name["turned.jpg"]
    assert (turned["width"], turned["height"]) == (40, 80)
    assert len(turned["boxes"]) == 3
    for each in turned["boxes"]:
        left, top, right, bottom = each["box"]
        assert 0 <= left <= right <= 40
        assert 0 <= top <= bottom <= 80
    assert "broken.jpg" in by_name["broken.jpg"]["error"]
    with Image.open(out / "turned.jpg") as drawn:
        assert drawn.size == (40, 80)
    assert len((out / "labels" / "turned.txt").read_text().splitlines()) == 3
    coco = json.loads((out / "predictions.json").read_text())
    assert (len(coco["images"]), len(coco["annotations"])) == (7, 21)
    assert len((out / "predictions.csv").read_text().splitlines()) == 22
    assert {folder.name for folder in (out / "crops").iterdir()} <= {"disc", "square"}
    one = lissom.predict(whole.path, place / "data/images/test", confidence=0.0, only=("square",))
    assert {box["label"] for row in one for box in row["boxes"]} == {"square"}
    with pytest.raises(UsageError, match="did you mean square"):
        lissom.predict(whole.path, place / "data/images/test", only=("sqare",))


RUNNER = """
import json, sys
from pathlib import Path
import numpy as np
from lissom.training.predict import predict
from lissom.training.task import Where
rows = predict(sys.argv[1], sys.argv[2], {"confidence": 0.0, "max_boxes": 5}, Where(), lambda event: None, None)
assert "torch" not in sys.modules, "torch"
print(json.dumps(rows))
"""


def test_its_file_gives_the_same_boxes_without_torch(place: Path, whole: Run) -> None:
    exported = lissom.export(whole.path)
    assert exported["difference"] <= exported["tolerance"] == 1e-4
    images = place / "data" / "images" / "test"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUNNER, exported["file"], str(images)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    wanted = lissom.predict(whole.path, images, confidence=0.0, max_boxes=5)
    for got, want in zip(json.loads(done.stdout), wanted, strict=True):
        pairs = list(zip(got["boxes"], want["boxes"], strict=True))
        assert pairs
        assert [a["label"] for a, _ in pairs] == [b["label"] for _, b in pairs]
        assert max(abs(a["score"] - b["score"]) for a, b in pairs) < 1e-4
        assert max(abs(x - y) for a, b in pairs for x, y in zip(a["box"], b["box"], strict=True)) < 0.5
    measured = lissom.evaluate(whole.path, file=exported["file"], write=False)
    assert measured["map50_95"] == pytest.approx(whole.test["map50_95"], abs=1e-3)


def test_a_file_takes_other_sides_and_names_all_that_it_needs(place: Path, whole: Run) -> None:
    from lissom.deploy.runner import Runner

    file = whole.path / "model.onnx"
    if not file.exists():
        lissom.export(whole.path)
    runner = Runner(file)
    out = runner({"images": np.zeros((3, 3, 32, 96), np.float32)})
    cells = 3 * (4 * 12 + 2 * 6 + 1 * 3)
    assert (out["boxes"].shape, out["scores"].shape) == ((3, cells, 4), (3, cells, 2))
    assert runner.facts["class_names"] == ["disc", "square"]
    assert {"strides", "anchors", "mean", "std", "resolution"} <= runner.facts.keys()


def test_two_runs_are_compared_over_the_same_pictures(place: Path, whole: Run) -> None:
    other = train(place, "other", epochs=1)
    (verdict,) = lissom.compare([whole.path, other.path])["verdicts"]
    assert "paired bootstrap" in verdict


def test_a_model_file_is_trained_and_its_text_kept(place: Path, tmp_path: Path) -> None:
    from lissom.tasks.detect.networks import named_file
    from lissom.tasks.detect.rows.mend import as_text

    path = tmp_path / "mine.yaml"
    path.write_text(as_text(named_file("yolov5n", width=0.25, neck="light")))
    run = train(place, "rows", model=str(path), width=1.0, options={}, epochs=1)
    assert run.facts.rows == path.read_text() == (run.path / "model.yaml").read_text()
    path.unlink()
    assert lissom.evaluate(run.path, write=False)["images"] == 6
    assert lissom.profile(run.path)["parameters"] == run.record.parameters


def test_a_backbone_and_a_detector_are_begun_with(place: Path, whole: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Training, "update", lambda *_: None)  # the weights stay as they began
    from lissom.runs.weights import save_weights

    classifier = lissom.build("mobilenetv3_small", num_classes=5, width=0.25)
    file = place / "classifier.safetensors"
    save_weights(file, classifier.state_dict())
    run = train(place, "backbone", weights=str(file), epochs=1, ema=0.0)
    kept, wanted = read_weights(run.last)[0], classifier.backbone().state_dict()
    assert all(
        torch.equal(kept[f"backbone.{n}"], t) for n, t in wanted.items() if "running" not in n and "num_" not in n
    )
    told = str(run.record.weights.notes[0])
    total = sum(name not in ("head.anchors", "head.strides") for name in kept)
    assert told == f"{len(wanted)} of {total} tensors of the network are loaded from classifier.safetensors"
    same = train(place, "detector", weights=str(whole.path), epochs=1, ema=0.0)
    assert str(same.record.weights.notes[0]).startswith(f"{total} of {total} tensors")
    write_synthetic(place / "three", train=10, val=4, side=64, classes=3)
    other = train(place, "classes", weights=str(whole.path), data=str(place / "three"), epochs=1, ema=0.0)
    assert str(other.record.weights.notes[1]).startswith("6 tensors keep their random values")


def test_weights_of_which_none_fits_are_refused(place: Path) -> None:
    from lissom.runs.weights import save_weights

    file = place / "nothing.safetensors"
    save_weights(file, {"rows.99.weight": torch.zeros(3)})
    with pytest.raises(DataError, match="tensors of the network is in"):
        train(place, "none", weights=str(file))


def test_an_epoch_without_a_positive_ends_with_the_reason(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lissom.tasks.detect.anchors import loss

    monkeypatch.setattr("lissom.tasks.detect.anchors.assign.LARGEST_RATIO", 1.0)
    with pytest.raises(ResultError, match="no cell of any level has learned a box"):
        train(place, "nothing")
    assert loss.BALANCE


@pytest.mark.parametrize(("settings", "said"), [
    ({"resolution": 100},                             "multiple of 32, for example --resolution 96"),
    ({"resolution": 16},                              "multiple of 32, for example --resolution 32"),
    ({"mosaic": 0.0, "mixup": 0.5},                   "--mosaic above 0"),
    ({"model": "mobilenetv2", "options": {}},         "does not predict boxes"),
    ({"model": "no.yaml", "options": {}, "width": 1.0}, "cannot be read"),
    ({"weights": "imagenet", "model": "yolov5n"},     "known by that name for backbones"),
    ({"batch_size": 64},                              "64"),
])  # fmt: skip
def test_what_cannot_be_trained_is_one_line(place: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises((UsageError, DataError)) as caught:
        train(place, "refused", **settings)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_class_alone_is_scored_by_its_objectness() -> None:
    """Its class is not learned, so that what stands there says nothing."""
    from lissom.tasks.detect.anchors.head import Levels
    from lissom.tasks.detect.anchors.learned import AnchorLevels
    from lissom.tasks.detect.anchors.loss import Gains

    raw = torch.zeros(1, 1, 1, 1, 6)
    raw[..., 4], raw[..., 5] = 2.0, -5.0
    head = AnchorLevels(levels=Levels((8,), (((10.0, 20.0),),)), gains=Gains())
    boxes, scores = head.scored([raw])
    assert scores.item() == pytest.approx(torch.tensor(2.0).sigmoid().item())
    assert boxes[0, 0].tolist() == pytest.approx([4 - 5, 4 - 10, 4 + 5, 4 + 10])
    two = head.scored([torch.cat([raw, raw[..., 5:]], -1)])[1]
    assert two.max() < 0.01

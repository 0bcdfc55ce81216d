"""Pixels become answers by the same code for runs and files; a file needs no torch."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import lissom
from lissom.errors import DataError, Interrupted, MachineError, ResultError, UsageError
from lissom.events import Stop, note
from lissom.runs.owner import owned
from lissom.runs.weights import load_weights
from lissom.stats.softmax import softmax
from lissom.tasks.classify.data.batches import Normaliser
from lissom.tasks.classify.normalise import normalise
from lissom.tasks.classify.predictor import ImagePredictor, View
from lissom.training.run import Run
from photos import make_photos

PHOTOS = {"model": "mobilenetv1_cifar", "width": 0.25, "epochs": 1, "batch_size": 8, "threads": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("predictor")
    make_photos(folder / "photos", per_class=12)
    (folder / "photos" / "broken.png").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def run(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    make_photos(place / "train", per_class=12)
    return lissom.train("classify", data=place / "train", **PHOTOS, runs_dir=place / "runs", name="first")


@pytest.fixture(scope="module")
def file(run: Run, place: Path) -> Path:
    lissom.export(run, place / "first.onnx")
    return place / "first.onnx"


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_normalised_as_in_training_to_the_bit(channels: int) -> None:
    rng = np.random.default_rng(channels)
    pixels = rng.integers(0, 256, (5, 9, 7, channels), dtype=np.uint8)
    mean, std = tuple(rng.uniform(0.2, 0.6, channels).tolist()), tuple(rng.uniform(0.1, 0.3, channels).tolist())

    class Scale:
        pass

    Scale.mean, Scale.std = mean, std  # type: ignore[attr-defined]
    trained = Normaliser(Scale(), "cpu", channels_last=True)(pixels)  # type: ignore[arg-type]
    assert np.array_equal(normalise(pixels, mean, std), trained.numpy())


def test_softmax_is_torch_s_and_does_not_overflow() -> None:
    logits = np.random.default_rng(0).normal(0, 30, (50, 7)).astype(np.float32)
    logits[0, 0] = 1e4
    assert softmax(logits) == pytest.approx(torch.from_numpy(logits).softmax(1).numpy(), abs=1e-6)
    assert softmax(logits).dtype == np.float32


def test_a_file_answers_as_its_run_does_and_loads_no_torch(run: Run, file: Path, place: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"  # any import of it fails
        "from lissom.cli.main import run\n"
        "sys.exit(run(sys.argv[1:]))"
    )
    words = ["predict", str(file), str(place / "photos"), "--top", "3", "--format", "json"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 3, done.stderr  # one file is broken
    rows, by_run = json.loads(done.stdout), lissom.predict(run, place / "photos", top=3)
    assert len(rows) == len(by_run) > 30
    for row, other in zip(rows, by_run, strict=True):
        assert (row["file"], row["label"], bool(row["error"])) == (other["file"], other["label"], bool(other["error"]))
        ours, theirs = ([top["probability"] for top in each["top"]] for each in (row, other))
        assert ours == pytest.approx(theirs, abs=1e-5)


def test_a_file_is_measured_as_its_run_is(run: Run, file: Path) -> None:
    earlier = run.path / "evaluations" / "first.onnx" / "gradcam.png"
    earlier.parent.mkdir(parents=True)
    earlier.touch()
    by_run, by_file = lissom.evaluate(run, write=False), lissom.evaluate(run, file=file)
    for key in ("top1", "top1_interval_95", "confusion", "per_class", "images"):
        assert by_file[key] == by_run[key]
    assert by_file["folder"] == str(run.path / "evaluations" / "first.onnx")
    assert not earlier.exists()  # a file has no gradients


def test_a_file_of_other_classes_is_refused(run: Run, file: Path, place: Path) -> None:
    make_photos(place / "two", per_class=12, classes=("one", "seven"))
    other = lissom.train("classify", data=place / "two", **PHOTOS, runs_dir=place / "runs", name="other")
    with pytest.raises(DataError, match="was not exported from"):
        lissom.evaluate(other, file=file)


def test_a_file_of_other_facts_is_refused(run: Run, file: Path) -> None:
    darker = replace(run, facts=replace(run.facts, mean=tuple(value / 2 for value in run.facts.mean)))
    with pytest.raises(DataError, match="was not exported from"):
        lissom.evaluate(darker, file=file)


def test_what_must_be_known_of_a_prediction_is_told(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said, told = note("weights.unknown-transform", file="f", resolution=32), []
    of = View.of
    monkeypatch.setattr(View, "of", lambda facts: of(facts)._replace(notes=(said,)))
    lissom.predict(run, place / "train" / "one", listener=told.append)
    assert said in told


def test_a_file_of_other_weights_is_refused(run: Run, file: Path, place: Path) -> None:
    other = lissom.train("classify", data=place / "train", **PHOTOS, seed=1, runs_dir=place / "runs", name="again")
    assert other.facts == run.facts
    with pytest.raises(DataError, match="was not exported from"):
        lissom.evaluate(other, file=file)
    with pytest.raises(DataError, match="folder"):
        lissom.evaluate(run, file=other.path)


def test_other_data_never_replace_the_run_s_own_evaluation(
    run: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (run.path / "evaluation.json").read_bytes()
    make_photos(place / "others", per_class=3)
    monkeypatch.chdir(place / "others")
    assert lissom.evaluate(run, ".")["folder"] == str(run.path / "evaluations" / "others")
    assert (run.path / "evaluation.json").read_bytes() == before


@pytest.mark.parametrize("options", [{"weights": "imagenet"}, {"options": {"width": 0.5}}])
def test_what_goes_with_a_network_s_name_is_refused_for_a_run_or_a_file(
    options: dict, run: Run, file: Path, place: Path
) -> None:
    for model in (run, file):
        with pytest.raises(UsageError, match="its own network"):
            lissom.predict(model, place / "photos", **options)


def test_a_file_answers_in_the_place_of_a_run_alone(file: Path, place: Path) -> None:
    with pytest.raises(UsageError, match="the name of a network"):
        lissom.evaluate("mobilenetv2", place / "photos", weights="imagenet", file=file)


def test_threads_reach_the_runtime_of_a_file(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    import onnxruntime

    asked = []
    real = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime, "InferenceSession",
        lambda path, options, **how: asked.append(options.intra_op_num_threads) or real(path, options, **how),
    )  # fmt: skip
    lissom.predict(file, place / "photos", threads=1)
    lissom.evaluate(run, file=file, threads=1, write=False)
    assert asked == [1, 1]


def test_threads_of_a_verb_are_those_of_torch(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    for verb in ("evaluate", "predict", "inspect"):
        monkeypatch.setattr(f"lissom.training.{verb}.set_threads", lambda threads, verb=verb: asked.append(verb))
    lissom.evaluate(run, threads=1, write=False)
    lissom.predict(run, place / "photos", threads=1)
    lissom.inspect(run, threads=1, images=4, write=False)
    assert asked == ["evaluate", "predict", "inspect"]


def test_as_many_images_are_looked_into_and_measured_at_a_time_as_asked(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lissom.inspect(run, images=5, write=False)["images"] == 5
    sizes: list[int] = []
    real = ImagePredictor.preprocess
    monkeypatch.setattr(
        ImagePredictor, "preprocess", lambda self, pixels: sizes.append(len(pixels)) or real(self, pixels)
    )
    measured = lissom.evaluate(run, batch_size=4, write=False)["images"]
    assert (max(sizes), sum(sizes), measured) == (4, run.record.data.sizes["test"], run.record.data.sizes["test"])


def test_a_run_that_somebody_writes_is_not_evaluated_into(run: Run) -> None:
    with owned(run.path), pytest.raises(MachineError):
        lissom.evaluate(run)


def test_a_stop_ends_a_prediction_after_the_files_at_work(
    run: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lissom.training.by_file.AT_ONCE", 5)
    stop, told = Stop(), []

    def listener(event: Any) -> None:
        told.append(event)
        stop.ask()

    with pytest.raises(Interrupted) as raised:
        lissom.predict(run, place / "photos", listener=listener, stop=stop)
    assert raised.value.values["done"] == 5


def test_the_likeliest_come_first_of_a_file_too_and_images_by_name(run: Run, file: Path, place: Path) -> None:
    for model in (run, file):
        rows = lissom.predict(model, place / "train", top=2)
        assert [row["file"] for row in rows] == sorted(str(path) for path in (place / "train").rglob("*.png"))
        assert all(len(row["top"]) == 2 for row in rows)
        assert all(first["probability"] >= second["probability"] for first, second in (row["top"] for row in rows))


def test_data_that_have_changed_since_are_not_measured(place: Path) -> None:
    """The split is drawn anew, so that images that trained might be measured."""
    make_photos(place / "grows", per_class=12)
    run = lissom.train("classify", data=place / "grows", **PHOTOS, runs_dir=place / "runs", name="grows")
    make_photos(place / "more", per_class=2)
    for image in (place / "more").rglob("*.png"):
        image.rename(place / "grows" / image.parent.name / f"more-{image.name}")
    for verb in (lissom.evaluate, lissom.export, lissom.inspect):
        with pytest.raises(DataError, match=r"added one/more-0\.png"):
            verb(run)


def test_a_file_names_no_task_to_import(file: Path, tmp_path: Path) -> None:
    import onnx

    model = onnx.load(file)
    (entry,) = [each for each in model.metadata_props if each.key == "task"]
    entry.value = json.dumps("os:system")
    onnx.save(model, tmp_path / "foreign.onnx")
    with pytest.raises(DataError, match="os:system"):
        lissom.predict(tmp_path / "foreign.onnx", "x.png")


def test_a_file_answers_as_a_network_built_anew_with_the_best_weights(run: Run, file: Path, place: Path) -> None:
    model = lissom.build(run.config.model.model, num_classes=3, width=run.config.model.width)
    load_weights(model, run.best)
    image = place / "photos" / "one" / "0.png"
    pixels = np.asarray(Image.open(image).convert("RGB"), np.float64) / 255
    scaled = (pixels - run.facts.mean) / run.facts.std
    with torch.inference_mode():
        (shares,) = model.eval()(torch.from_numpy(scaled).float().permute(2, 0, 1)[None]).softmax(1).tolist()
    (row,) = lissom.predict(file, image, top=3)
    found = {top["label"]: top["probability"] for top in row["top"]}
    assert found == pytest.approx(dict(zip(run.facts.class_names, shares, strict=True)), abs=1e-5)


def test_a_file_that_answers_otherwise_is_not_kept(
    run: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnx

    def spoilt(model: Any, path: Path, **_: Any) -> None:
        proto = onnx.load(file)
        bias = next(each for each in proto.graph.initializer if list(each.dims) == [3])
        bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + np.float32(0.01), bias.name))
        onnx.save(proto, path)

    monkeypatch.setattr("lissom.deploy.targets.writer", lambda path: spoilt)
    with pytest.raises(ResultError):
        lissom.export(run, tmp_path / "net.onnx")
    assert not any(tmp_path.iterdir())


def test_an_export_is_proven_on_all_images_that_chose(
    run: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to 64 of them."""
    copied = lambda model, path, **_: path.write_bytes(file.read_bytes())  # noqa: E731
    monkeypatch.setattr("lissom.deploy.targets.writer", lambda path: copied)
    found = lissom.export(run, tmp_path / "net.onnx")
    assert (found["images"], found["proof"]) == (run.record.data.sizes["val"], "data")
    assert 1 < found["images"] <= 64
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def test_the_fused_network_is_written_and_compared_with_the_one_that_was_trained(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.nn.Module] = []

    def write(model: torch.nn.Module, path: Path, **how: Any) -> None:
        seen.append(model)
        path.touch()

    def proven(model: torch.nn.Module, *file_and_samples: Any, agree: Any) -> Any:
        seen.append(model)
        return SimpleNamespace(n=1, largest_difference=0.0, tolerance=1.0)

    monkeypatch.setattr("lissom.deploy.targets.writer", lambda path: write)
    monkeypatch.setattr("lissom.deploy.parity.require_parity", proven)
    lissom.export(run, tmp_path / "file.onnx")
    norms = [any(isinstance(part, torch.nn.BatchNorm2d) for part in model.modules()) for model in seen]
    assert norms == [False, True]


def test_a_file_answers_itself_when_it_is_measured(run: Run, file: Path, tmp_path: Path) -> None:
    """One whose bias says the first class of every image."""
    import onnx

    proto = onnx.load(file)
    bias = next(each for each in proto.graph.initializer if list(each.dims) == [3])
    bias.CopyFrom(onnx.numpy_helper.from_array(np.float32([1000, 0, 0]), bias.name))
    onnx.save(proto, tmp_path / "first.onnx")
    found = lissom.evaluate(run, file=tmp_path / "first.onnx", write=False)
    assert [row[1:] for row in found["confusion"]] == [[0, 0]] * 3
    assert lissom.evaluate(run, write=False)["correct"] == run.test["correct"]

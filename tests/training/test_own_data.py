"""A run's data, proven by its content: moved, changed, gone or other; by a task from outside, through the verbs."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lissom
from lissom.cli import main
from lissom.errors import DataError, DataMissing, ResultError, UsageError
from lissom.runs.weights import read_weights, save_weights
from lissom.training.run import Run
from lissom.verbs.evaluate import evaluate
from lissom.verbs.export import export
from lissom.verbs.resume import resume
from training import test_toy


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pictures/, and runs/first, trained on it."""
    sys.modules["test_toy"] = test_toy  # under the name that the run holds
    place = tmp_path_factory.mktemp("own")
    (place / "pictures").mkdir()
    rng = np.random.default_rng(1)
    for number in range(32):
        grey = np.full((8, 8), rng.integers(0, 256), np.uint8)
        Image.fromarray(grey).save(place / "pictures" / f"{number:02}.png")
    config = test_toy.Config(pictures=test_toy.Pictures(data=str(place / "pictures")))
    lissom.train(config, epochs=8, threads=1, runs_dir=place / "runs", name="first")
    return place


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A copy of its own for each test."""
    shutil.copytree(made, tmp_path / "own")
    run = tmp_path / "own" / "runs" / "first"
    config = (run / "config.yaml").read_text(encoding="utf-8")
    (run / "config.yaml").write_text(config.replace(str(made), str(tmp_path / "own")), encoding="utf-8")
    return tmp_path / "own"


def change(place: Path) -> None:
    pictures = place / "pictures"
    (pictures / "03.png").write_bytes((pictures / "04.png").read_bytes())
    (pictures / "05.png").unlink()
    shutil.copy(pictures / "06.png", pictures / "zz.png")


def test_parts_are_of_the_run_s_own_data_alone(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(place / "runs" / "first")
    shutil.copytree(place / "pictures", place / "moved")
    own, moved = (evaluate(run, data, split="train", write=False) for data in (None, place / "moved"))
    assert (own["data"], moved["data"]) == ("own", "moved")
    assert any(told["name"] == "verbs.split-seen" for told in own["notes"])
    assert not any(told["name"] == "verbs.split-seen" for told in evaluate(run, write=False)["notes"])
    change(place)
    assert main.run(["evaluate", run, str(place / "pictures"), "--split", "train"]) == 2
    assert "--split" in capsys.readouterr().err


def test_a_touch_a_copy_and_another_folder_change_nothing(place: Path) -> None:
    run = lissom.open_run(place / "runs" / "first")
    for picture in (place / "pictures").iterdir():
        os.utime(picture, (1, 1))
    own = evaluate(run)
    assert own["data"] == "own"
    (place / "pictures").rename(place / "elsewhere")
    moved = evaluate(run, place / "elsewhere")
    assert (moved["data"], moved["close"], moved["pictures"]) == ("moved", own["close"], 8)
    assert [told["name"] for told in moved["notes"]] == ["verbs.data-moved"]
    assert moved["folder"] == str(run.path)


@pytest.mark.parametrize("verb", [evaluate, export])
def test_changed_data_is_refused_and_every_change_named(place: Path, verb: Any) -> None:
    change(place)
    with pytest.raises(DataError, match=r"added zz\.png; removed 05\.png; changed 03\.png") as raised:
        verb(place / "runs" / "first")
    assert raised.value.kind == "run-data-changed"


def test_other_data_is_no_data_of_a_task_that_has_none(place: Path) -> None:
    change(place)
    with pytest.raises(UsageError, match="evaluated only on its own test data"):  # the toy has no other data
        evaluate(place / "runs" / "first", place / "pictures")


def test_what_is_moved_and_changed_is_no_data_to_resume_or_export_with(place: Path) -> None:
    run = place / "runs" / "first"
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (run / "run.json").write_text(json.dumps(record | {"status": "training"}), encoding="utf-8")
    shutil.copytree(place / "pictures", place / "elsewhere")
    change(place)
    done = shutil.copytree(run, place / "runs" / "done")
    (done / "run.json").write_text(json.dumps(record), encoding="utf-8")
    for verb, folder in ((resume, run), (export, run), (resume, done)):
        with pytest.raises(DataError, match="has changed since training"):
            verb(folder, data=place / "pictures")
    found: Run = resume(run, place / "elsewhere")
    assert (found.status, found.config.pictures.data) == ("finished", str(place / "elsewhere"))


def test_a_path_holds_in_every_working_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    config = test_toy.Config(pictures=test_toy.Pictures(data="pictures"))
    run = lissom.train(config, epochs=1, threads=1, name="relative")
    assert run.config.pictures.data == str(place / "pictures")
    monkeypatch.chdir("/")
    assert evaluate(place / run)["data"] == "own"


def test_a_run_whose_data_is_gone_is_exported_with_its_golden_samples_alone(place: Path) -> None:
    run = place / "runs" / "first"
    assert export(run)["proof"] == "data"
    shutil.rmtree(place / "pictures")
    found = export(run)
    assert (found["proof"], found["images"]) == ("golden", 8)
    assert found["difference"] <= found["tolerance"]
    with pytest.raises(DataMissing):
        evaluate(run)
    (run / "golden.npz").unlink()
    with pytest.raises(DataMissing):
        export(run)


def test_golden_samples_prove_that_the_weights_are_those_of_the_run(place: Path) -> None:
    run = lissom.open_run(place / "runs" / "first")
    weights, about = read_weights(run.best)
    name = next(iter(weights))
    save_weights(run.best, weights | {name: weights[name] + 0.1}, about)
    with pytest.raises(ResultError, match="no longer reproduces its golden outputs"):
        export(run)
    assert not (run.path / "model.onnx").exists()


def damaged(name: str, path: Path) -> None:
    """golden.npz, spoilt in one way."""
    raw, arrays = path.read_bytes(), dict(np.load(path))
    bits = bytearray(raw)
    bits[100] ^= 0xFF  # compressed values of the first array
    other = {
        "no outputs": {n: a for n, a in arrays.items() if n.startswith("inputs/")},
        "no samples": {n: a[:0] for n, a in arrays.items()},
        "fewer outputs": {n: a[:3] if n.startswith("outputs/") else a for n, a in arrays.items()},
        "another shape": {n: a[..., :5] if n.startswith("inputs/") else a for n, a in arrays.items()},
        "words": {n: a.astype("U") for n, a in arrays.items()},
    }
    if name in other:
        np.savez_compressed(path, allow_pickle=False, **other[name])
    else:
        path.write_bytes({"empty": b"", "cut": raw[:-40], "a bit": bytes(bits), "no archive": b"[]"}[name])


@pytest.mark.parametrize("name", [
    "empty", "cut", "a bit", "no archive", "no outputs", "no samples", "fewer outputs", "another shape", "words",
])  # fmt: skip
def test_damaged_golden_samples_prove_nothing(name: str, place: Path) -> None:
    run = place / "runs" / "first"
    damaged(name, run / "golden.npz")
    with pytest.raises(DataError, match=r"golden\.npz"):
        export(run)
    assert not (run / "model.onnx").exists()


@pytest.mark.parametrize("items", ['{"00.png": 3}', '{"00.png": ["a"]}', '{"00.png": ["a", 1]}', "[]"])
def test_a_damaged_list_of_items_is_named(items: str, place: Path) -> None:
    (place / "runs" / "first" / "items.json").write_text(items, encoding="utf-8")
    change(place)
    with pytest.raises(DataError, match=r"items\.json"):
        evaluate(place / "runs" / "first")


@pytest.mark.parametrize("verb", ["resume", "export"])
def test_a_dry_run_looks_at_the_data_given(verb: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [verb, str(place / "runs" / "first"), "--dry-run", "--data", str(place / "pictures")]
    assert main.run(words) == 0
    change(place)
    assert main.run(words) == 3
    assert "has changed since training" in capsys.readouterr().err


def test_a_setting_of_another_task_is_refused(place: Path) -> None:
    with pytest.raises(UsageError, match="--cube is not a setting of the task"):
        evaluate(place / "runs" / "first", cube="x.mat")


@pytest.mark.parametrize(("words", "said"), [
    (("classify", "--data", "cifar10", "--download"),                          "cifar-10-python.tar.gz"),
    (("classify", "--model", "mobilenetv2", "--weights", "imagenet"),          "would fetch"),
    (("scene", "--cube", "salinas", "--download"),                             "alinas"),
])  # fmt: skip
def test_a_dry_run_says_what_it_would_fetch_and_fetches_nothing(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("LISSOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LISSOM_DATA", raising=False)
    task, *flags = words
    assert main.run(["train", task, *flags, "--dry-run", "--runs-dir", str(tmp_path / "runs")]) == 0
    out = capsys.readouterr().out
    assert said in out
    assert "nothing was fetched" in out
    assert not any(tmp_path.rglob("*"))
